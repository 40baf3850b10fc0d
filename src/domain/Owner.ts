import * as Schema from "effect/Schema"
import { Plan } from "./Plan.ts"

/** Identifies an owner; never reused. */
export const OwnerId = Schema.Int.check(Schema.isGreaterThan(0))

/** An owner has cameras and a plan. */
export const Owner = Schema.Struct({
  id: OwnerId,
  name: Schema.String,
  plan: Plan,
  /** How much the recordings of all his cameras may take; null without a limit. */
  quotaBytes: Schema.NullOr(Schema.Finite),
  createdAtMillis: Schema.Finite,
})
export type Owner = typeof Owner.Type
