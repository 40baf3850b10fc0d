import type { Level } from "./reading.ts"
import type { AlertRule } from "./rules.ts"

/** How near one alert of one camera, or of the service, is to being raised or ended. */
export interface Track {
  readonly level: Level
  readonly steadyMillis: number
  /** For how long it was seen bad, or good while the alert stands. */
  readonly heldMillis: number
  /** Of the first of the bad readings that count now (wall time). */
  readonly badSinceMillis: number | null
  /** For how long nothing but `unknown` was read. */
  readonly unmeasuredMillis: number
}

/** An instant by two clocks: one that people read and may set, one that only goes on. */
export interface Instant {
  readonly wallMillis: number
  readonly steadyMillis: number
}

export interface TrackStep {
  readonly track: Track
  readonly verdict: "raise" | "end" | null
}

/** A report that comes later than this says nothing about the time since the one before. */
const longestStepMillis = 15_000

/**
 * One reading more of one alert.
 *
 * Times add up only between two readings that say the same. A reading of `unknown` stops the count and does not reset
 * it; any other reading does.
 */
export const stepTrack = (
  rule: AlertRule,
  before: Track | undefined,
  now: { readonly level: Level; readonly creditMillis: number } & Instant,
  isStanding: boolean,
): TrackStep => {
  const { level, steadyMillis } = now
  const wanted = isStanding ? "good" : "bad"
  const sameForMillis =
    before !== undefined && before.level === level
      ? Math.min(longestStepMillis, steadyMillis - before.steadyMillis)
      : 0
  if (level === "unknown") {
    const kept = { heldMillis: before?.heldMillis ?? 0, badSinceMillis: before?.badSinceMillis ?? null }
    const unmeasuredMillis = (before?.unmeasuredMillis ?? 0) + sameForMillis
    return { track: { level, steadyMillis, ...kept, unmeasuredMillis }, verdict: null }
  }
  const at = { level, steadyMillis, unmeasuredMillis: 0 }
  if (level !== wanted) return { track: { ...at, heldMillis: 0, badSinceMillis: null }, verdict: null }
  const isFirst = before === undefined || (before.level !== wanted && before.heldMillis === 0)
  const heldMillis = isFirst ? (isStanding ? 0 : now.creditMillis) : before.heldMillis + sameForMillis
  const badSinceMillis = isStanding ? null : (before?.badSinceMillis ?? now.wallMillis)
  if (heldMillis < (isStanding ? rule.endForMillis : rule.forMillis)) {
    return { track: { ...at, heldMillis, badSinceMillis }, verdict: null }
  }
  return {
    track: { ...at, heldMillis: 0, badSinceMillis },
    verdict: isStanding ? "end" : "raise",
  }
}
