import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"

/** Asks the database for nothing, to see how long it takes to answer. */
export class DatabasePing extends Context.Service<
  DatabasePing,
  {
    /** Milliseconds, the wait for a connection included. */
    readonly latencyMillis: Effect.Effect<number, DatabaseUnavailable>
  }
>()("vigia/storage/DatabasePing") {
  static readonly layer: Layer.Layer<DatabasePing, never, SqlClient.SqlClient> = Layer.effect(
    DatabasePing,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const latencyMillis = Effect.gen(function* () {
        const startedNanos = yield* Clock.monotonicTimeNanos
        yield* sql`SELECT 1`
        return Number((yield* Clock.monotonicTimeNanos) - startedNanos) / 1e6
      }).pipe(orUnavailable)
      return DatabasePing.of({ latencyMillis })
    }),
  )
}
