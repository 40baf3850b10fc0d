import type { Plan } from "../domain/Plan.ts"
import type { CameraTerms, Cutoff } from "../storage/ExpiredRecordings.ts"

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
 * One that ended at the instant itself has not. Time zones and daylight saving change nothing.
 */
export const cutoffOf = (terms: CameraTerms, planDays: PlanDays, nowMillis: number): Cutoff => ({
  cameraId: terms.cameraId,
  beforeMillis: nowMillis - daysKept(terms, planDays) * dayMillis,
})

/** Whether a recording that ended then has expired. */
export const hasExpired = (endMillis: number, { beforeMillis }: Cutoff): boolean => endMillis < beforeMillis
