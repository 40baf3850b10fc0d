import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ServiceHealth } from "../domain/Health.ts"
import { Catalog } from "../storage/Catalog.ts"
import { DatabasePing } from "../storage/DatabasePing.ts"

type DatabaseHealth = ServiceHealth["database"]

/** Whether the database answers: to a ping now and then, and to what the catalog writes. */
export const makeDatabaseWatch = Effect.fnUntraced(function* () {
  const { latencyMillis } = yield* DatabasePing
  const catalog = yield* Catalog
  let latencySeconds: number | null = null
  let awaySinceMillis: number | null = null
  let isAnswering = true

  const ping = Effect.gen(function* () {
    const startedMillis = yield* Clock.currentTimeMillis
    const answer = yield* Effect.result(latencyMillis)
    isAnswering = answer._tag === "Success"
    latencySeconds = answer._tag === "Success" ? answer.success / 1000 : null
    if (!isAnswering) awaySinceMillis ??= startedMillis
  })

  const health: Effect.Effect<DatabaseHealth> = Effect.gen(function* () {
    const { isDatabaseAnswering } = yield* catalog.health
    const isAvailable = isAnswering && isDatabaseAnswering
    awaySinceMillis = isAvailable ? null : (awaySinceMillis ?? (yield* Clock.currentTimeMillis))
    return { isAvailable, latencySeconds: isAvailable ? latencySeconds : null, awaySinceMillis }
  })

  return { ping, health }
})
