import * as Schema from "effect/Schema"

/** A plan is what an owner pays for; it sets how many days a recording is kept. */
export const Plan = Schema.Literals(["basic", "pro", "premium"])
export type Plan = typeof Plan.Type

/** Days of retention of each plan. */
export const retentionDays: Readonly<Record<Plan, number>> = { basic: 7, pro: 15, premium: 30 }
