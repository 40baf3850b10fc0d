import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Span } from "../domain/Segment.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { transaction } from "./transaction.ts"

interface LivedColumns {
  readonly fromTime: Date
  readonly toTime: Date
}

/** What the clock showed while the service lived. */
export class LivedTime extends Context.Service<
  LivedTime,
  {
    /** In the order in which it lived. */
    readonly list: Effect.Effect<ReadonlyArray<Span>, DatabaseUnavailable>
    /** These instead of all that are there. */
    replace(spans: ReadonlyArray<Span>): Effect.Effect<void, DatabaseUnavailable>
  }
>()("vigia/storage/LivedTime") {
  static readonly layer: Layer.Layer<LivedTime, never, SqlClient.SqlClient> = Layer.effect(
    LivedTime,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const replace = Effect.fn("LivedTime.replace")(
        function* (spans: ReadonlyArray<Span>) {
          yield* sql`DELETE FROM lived_time`
          for (const [at, { fromMillis, toMillis }] of spans.entries()) {
            yield* sql`INSERT INTO lived_time VALUES (${at}, ${new Date(fromMillis)}, ${new Date(toMillis)})`
          }
        },
        transaction(sql),
        orUnavailable,
      )

      return LivedTime.of({
        list: sql<LivedColumns>`SELECT from_time, to_time FROM lived_time ORDER BY position`.pipe(
          Effect.map((rows) =>
            rows.map(({ fromTime, toTime }) => ({
              fromMillis: fromTime.getTime(),
              toMillis: toTime.getTime(),
            })),
          ),
          orUnavailable,
          Effect.withSpan("LivedTime.list"),
        ),
        replace,
      })
    }),
  )
}
