import type { Plan } from "../domain/Plan.ts"
import type { CameraTerms, Cutoff } from "../storage/ExpiredRecordings.ts"
import { type ClockStep, clockSteps, instantOfAge, type LivedSpans } from "./age.ts"

/** Days for which each plan keeps recordings. */
export type PlanDays = Readonly<Record<Plan, number>>

const dayMillis = 24 * 3_600_000

/** How many days recordings of a camera are kept: what its plan says, or less where the camera asks for less. */
export const daysKept = (
  { plan, retentionDays }: Pick<CameraTerms, "plan" | "retentionDays">,
  planDays: PlanDays,
): number => Math.min(planDays[plan], retentionDays ?? Infinity)

/**
 * From when on a recording has expired: one that ended before this instant, days of 24 hours ago.
 *
 * One that ended at the instant itself has not. Time zones and daylight saving change nothing. A clock that was set makes
 * no recording older than it is.
 */
export const cutoffOf = (
  terms: Omit<CameraTerms, "ownerId">,
  planDays: PlanDays,
  lived: LivedSpans,
): Cutoff => ({
  cameraId: terms.cameraId,
  beforeMillis: instantOfAge(lived, daysKept(terms, planDays) * dayMillis),
})

/** The same by the clock alone. */
export const clockCutoffOf = (terms: CameraTerms, planDays: PlanDays, nowMillis: number): Cutoff =>
  cutoffOf(terms, planDays, [{ fromMillis: 0, toMillis: nowMillis }])

/** The age that the longest plan asks for. */
export const longestKeptMillis = (planDays: PlanDays): number =>
  Math.max(...Object.values(planDays)) * dayMillis

/** Steps of the clock that may keep recordings longer now. */
export const clockStepsOf = (lived: LivedSpans, planDays: PlanDays): ReadonlyArray<ClockStep> =>
  clockSteps(lived, longestKeptMillis(planDays))

/** Whether a recording that ended then has expired. */
export const hasExpired = (endMillis: number, { beforeMillis }: Cutoff): boolean => endMillis < beforeMillis
