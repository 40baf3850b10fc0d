import * as Schema from "effect/Schema"
import { Plan } from "./Plan.ts"

/** Identifies an owner; never reused. */
export const OwnerId = Schema.Int.check(Schema.isGreaterThan(0))

/** An owner has cameras and a plan. */
export const Owner = Schema.Struct({
  id: OwnerId,
  name: Schema.String,
  plan: Plan,
  createdAtMillis: Schema.Finite,
})
export type Owner = typeof Owner.Type
