import type { Plan } from "../domain/Plan.ts"

const dayMillis = 86_400_000

/** How a camera fills the disk. */
export interface CameraGrowth {
  readonly plan: Plan
  readonly retentionDays: number
  /** Null while nothing was measured. */
  readonly bytesPerSecond: number | null
  /** How far back its recordings go. */
  readonly historyMillis: number
}

export interface DiskUse {
  readonly usedBytes: number
  /** Of recordings; what else is on the disk is taken to stay as it is. */
  readonly recordedBytes: number
  /** Where the eviction of recordings begins. */
  readonly limitBytes: number
}

/** Whether the retention of a plan fits on the disk. */
export interface PlanForecast {
  readonly plan: Plan
  readonly cameras: number
  readonly bytesPerSecond: number
  readonly retentionDays: number
  /** Days of history that fit, at most the plan's. */
  readonly historyDays: number
  readonly fits: boolean
}

export interface Forecast {
  readonly bytesPerSecond: number
  /** Cameras that should record and never did within the time that was measured: they count for nothing here. */
  readonly unmeasuredCameras: number
  /** From now until recordings are evicted; infinite where retention keeps the disk below that. */
  readonly fullInMillis: number
  readonly plans: ReadonlyArray<PlanForecast>
}

interface Measured extends CameraGrowth {
  readonly bytesPerSecond: number
}

/** Where a sum of `rate * min(x, bound)` reaches `goal`; infinite where it never does. */
const reaches = (
  terms: ReadonlyArray<{ readonly rate: number; readonly bound: number }>,
  goal: number,
): number => {
  let rate = terms.reduce((sum, term) => sum + term.rate, 0)
  let reached = 0
  let at = 0
  for (const term of terms.toSorted((a, b) => a.bound - b.bound)) {
    const needed = at + (goal - reached) / rate
    if (needed <= term.bound) return needed
    reached += rate * (term.bound - at)
    at = term.bound
    rate -= term.rate
  }
  return Infinity
}

/**
 * When the disk will be full, and how much history fits, if every camera goes on recording at its measured rate.
 *
 * A camera grows until its retention is reached; from then on as much goes as comes. The history that fits is the
 * time for which all cameras together can be kept, each at most as long as its retention. Null while no camera is
 * measured.
 */
export const forecast = (disk: DiskUse, cameras: ReadonlyArray<CameraGrowth>): Forecast | null => {
  const measured = cameras.filter((camera): camera is Measured => camera.bytesPerSecond !== null)
  if (measured.length === 0) return null
  const perMilli = (camera: Measured): number => camera.bytesPerSecond / 1000
  const retentionMillis = (camera: CameraGrowth): number => camera.retentionDays * dayMillis
  const fullInMillis = reaches(
    measured.map((camera) => ({
      rate: perMilli(camera),
      bound: Math.max(0, retentionMillis(camera) - camera.historyMillis),
    })),
    Math.max(0, disk.limitBytes - disk.usedBytes),
  )
  const historyMillis = reaches(
    measured.map((camera) => ({ rate: perMilli(camera), bound: retentionMillis(camera) })),
    Math.max(0, disk.limitBytes - (disk.usedBytes - disk.recordedBytes)),
  )
  const plans = [...Map.groupBy(measured, ({ plan }) => plan)].map(([plan, members]) => {
    const retentionDays = Math.max(...members.map((camera) => camera.retentionDays))
    return {
      plan,
      cameras: members.length,
      bytesPerSecond: members.reduce((sum, camera) => sum + camera.bytesPerSecond, 0),
      retentionDays,
      historyDays: Math.min(retentionDays, historyMillis / dayMillis),
      fits: historyMillis >= retentionDays * dayMillis,
    }
  })
  return {
    bytesPerSecond: measured.reduce((sum, camera) => sum + camera.bytesPerSecond, 0),
    unmeasuredCameras: cameras.length - measured.length,
    fullInMillis,
    plans,
  }
}
