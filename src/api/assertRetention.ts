import * as Effect from "effect/Effect"
import { Cleanup } from "../cleanup/Cleanup.ts"
import { Owners } from "../storage/Owners.ts"
import { InvalidRequest } from "./Problem.ts"

/** That the plan of its owner keeps recordings of a camera at least as long as it asks for itself. */
export const assertRetention = Effect.fn("assertRetention")(function* (
  ownerId: number,
  days: number | null | undefined,
) {
  if (days === undefined || days === null) return
  const { plan } = yield* (yield* Owners).get(ownerId)
  const allowed = (yield* Cleanup).planDays[plan]
  if (days <= allowed) return
  return yield* new InvalidRequest({
    detail: "The body is not valid",
    errors: [
      { field: "retention_days", message: `expected 1 to ${allowed}, as the plan ${plan} allows, or null` },
    ],
  })
})
