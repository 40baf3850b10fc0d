import type { Cause } from "../src/domain/Cause.ts"

/** How failures are paced. All durations in milliseconds; `jitterRatio` is the largest share that chance adds. */
export interface RestartPolicySettings {
  /** The first retry after a healthy spell comes within this time. */
  readonly firstRetryJitterMillis: number
  readonly initialDelayMillis: number
  /** No exponential delay is longer, jitter included. */
  readonly maxDelayMillis: number
  readonly factor: number
  readonly jitterRatio: number
  /** Steady fragments for this long forgive all earlier failures. */
  readonly healthySpellMillis: number
  /** Least delay once the intensity was exceeded. */
  readonly slowRetryMillis: number
  /** Least delay while only a person can end the cause. */
  readonly permanentRetryMillis: number
  /** More than `restarts` failures within `withinMillis` escalate. */
  readonly intensity: { readonly restarts: number; readonly withinMillis: number }
}

export const defaultRestartPolicy: RestartPolicySettings = {
  firstRetryJitterMillis: 250,
  initialDelayMillis: 1_000,
  maxDelayMillis: 60_000,
  factor: 2,
  jitterRatio: 0.25,
  healthySpellMillis: 60_000,
  slowRetryMillis: 60_000,
  permanentRetryMillis: 300_000,
  intensity: { restarts: 10, withinMillis: 600_000 },
}

/** What the policy remembers of one camera: plain data, kept by whoever restarts. */
export interface RestartState {
  /** Exponential delays given since the last healthy spell: the exponent of the next one. */
  readonly doublings: number
  /** Monotonic times of the latest failures: only those that the intensity can still count. */
  readonly failedAtMillis: ReadonlyArray<number>
  /** The intensity was exceeded and no healthy spell came since. */
  readonly escalated: boolean
}

export const freshRestartState: RestartState = { doublings: 0, failedAtMillis: [], escalated: false }

/** One failure as the policy sees it. Times are monotonic milliseconds, never wall time. */
export interface RestartFailure {
  readonly atMillis: number
  readonly cause: Cause
  readonly permanent: boolean
  /** From the first to the last fragment of the run that failed; 0 if it wrote none. */
  readonly healthyForMillis: number
}

export interface RestartDecision {
  readonly state: RestartState
  readonly delayMillis: number
  /** This failure is the one that exceeded the intensity: raise the alert now. */
  readonly escalated: boolean
  readonly kind: "at_once" | "exponential" | "slow"
}

/** Forgives every earlier failure, because fragments arrived steadily for a healthy spell. */
export function afterHealthySpell(): RestartState {
  return freshRestartState
}

/**
 * Says when to try again after a failure; there is always a next try.
 *
 * `random01` is in [0, 1). Delays are whole milliseconds. The cap of an exponential delay holds with jitter
 * included; slow delays take their jitter on top, so that cameras which failed together do not return together.
 */
export function afterFailure(
  state: RestartState,
  settings: RestartPolicySettings,
  failure: RestartFailure,
  random01: number,
): RestartDecision {
  const afterSpell = failure.healthyForMillis >= settings.healthySpellMillis
  const known = afterSpell ? afterHealthySpell() : state
  const failedAtMillis = withinIntensity(known.failedAtMillis, settings, failure.atMillis)
  const exceeds = failedAtMillis.length > settings.intensity.restarts
  const escalated = exceeds && !known.escalated
  const next: RestartState = { ...known, failedAtMillis, escalated: known.escalated || exceeds }
  const jittered = (baseMillis: number) => baseMillis * (1 + settings.jitterRatio * random01)

  if (failure.permanent) {
    const delayMillis = Math.round(jittered(settings.permanentRetryMillis))
    return { state: next, delayMillis, escalated, kind: "slow" }
  }
  if (next.escalated) {
    const delayMillis = Math.round(jittered(settings.slowRetryMillis))
    return { state: next, delayMillis, escalated, kind: "slow" }
  }
  if (afterSpell) {
    const delayMillis = Math.round(settings.firstRetryJitterMillis * random01)
    return { state: next, delayMillis, escalated, kind: "at_once" }
  }
  const grownMillis = jittered(settings.initialDelayMillis * settings.factor ** next.doublings)
  const cappedMillis = Number.isFinite(grownMillis)
    ? Math.min(settings.maxDelayMillis, grownMillis)
    : settings.maxDelayMillis
  return {
    state: { ...next, doublings: next.doublings + 1 },
    delayMillis: Math.round(cappedMillis),
    escalated,
    kind: "exponential",
  }
}

/** One more than the intensity allows is enough to know that it is exceeded, so memory stays bounded. */
function withinIntensity(
  failedAtMillis: ReadonlyArray<number>,
  { intensity }: RestartPolicySettings,
  atMillis: number,
): ReadonlyArray<number> {
  const recent = failedAtMillis.filter((earlier) => atMillis - earlier < intensity.withinMillis)
  return [...recent, atMillis].slice(-(intensity.restarts + 1))
}
