import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { passingReason } from "./passingReason.ts"

const tryInterval = "1 second"
const reportIntervalMillis = 30_000

/** What is done beside the log when the database was waited for, since an instant, for 30 s and for every 30 s more. */
export const DatabaseWaitListener = Context.Reference<(sinceMillis: number) => Effect.Effect<void>>(
  "vigia/storage/DatabaseWaitListener",
  { defaultValue: () => () => Effect.void },
)

/**
 * Tries again, every second and without end, while the database does not answer; says so at once, then every 30 s, then
 * also to `DatabaseWaitListener`.
 *
 * A fault that waiting cannot cure stays a failure.
 *
 * @param database what the log calls it, without a secret: `The database at db:5432`
 */
export const untilDatabaseAnswers =
  (database: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      const listener = yield* DatabaseWaitListener
      let firstMillis: number | null = null
      let reportedMillis = 0
      const report = Effect.fnUntraced(function* (error: E) {
        const reason = passingReason(error)
        const nowMillis = yield* Clock.currentTimeMillis
        if (reason === null || (firstMillis !== null && nowMillis - reportedMillis < reportIntervalMillis))
          return
        const sinceMillis = firstMillis
        const waited = sinceMillis === null ? "" : ` for ${Math.round((nowMillis - sinceMillis) / 1000)} s`
        firstMillis ??= nowMillis
        reportedMillis = nowMillis
        yield* Effect.logWarning(`${database} does not answer${waited} (${reason}): waiting for it`)
        if (sinceMillis !== null) yield* listener(sinceMillis)
      })
      const answer = yield* effect.pipe(
        Effect.tapError(report),
        Effect.retry({
          while: (error) => passingReason(error) !== null,
          schedule: Schedule.spaced(tryInterval),
        }),
      )
      if (firstMillis !== null) {
        const seconds = Math.round(((yield* Clock.currentTimeMillis) - firstMillis) / 1000)
        yield* Effect.logInfo(`${database} answers, after ${seconds} s`)
      }
      return answer
    })
