import type { CameraHealth, CameraWindow, HealthWindow } from "../domain/Health.ts"

const minuteMillis = 60_000

/** Some refreshes of the window (`CameraWindows.ts`): one that is late, as with many cameras, is no reason to say nothing. */
const longestAgeMillis: Readonly<Record<HealthWindow, number>> = {
  hour: 5 * minuteMillis,
  day: 15 * minuteMillis,
  month: 120 * minuteMillis,
}

/** Windows as of now: one that was measured too long ago, as while the database is away, is null. */
export const currentWindows = (
  windows: CameraHealth["lastWindows"],
  nowMillis: number,
): CameraHealth["windows"] => {
  const current = (window: HealthWindow): CameraWindow | null => {
    const last = windows[window]
    // Ahead of now it was measured before our clock was set back.
    return last !== null && Math.abs(nowMillis - last.measuredAtMillis) <= longestAgeMillis[window]
      ? last
      : null
  }
  return { hour: current("hour"), day: current("day"), month: current("month") }
}
