import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { passingReason } from "./passingReason.ts"

const tryInterval = "1 second"
const reportIntervalMillis = 30_000

/**
 * Tries again, every second and without end, while the database does not answer; says so at once, then every 30 s.
 *
 * A fault that waiting cannot cure stays a failure.
 *
 * @param database what the log calls it, without a secret: `The database at db:5432`
 */
export const untilDatabaseAnswers =
  (database: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      let firstMillis: number | null = null
      let reportedMillis = 0
      const report = Effect.fnUntraced(function* (error: E) {
        const reason = passingReason(error)
        const nowMillis = yield* Clock.currentTimeMillis
        if (reason === null || (firstMillis !== null && nowMillis - reportedMillis < reportIntervalMillis))
          return
        const waited = firstMillis === null ? "" : ` for ${Math.round((nowMillis - firstMillis) / 1000)} s`
        firstMillis ??= nowMillis
        reportedMillis = nowMillis
        yield* Effect.logWarning(`${database} does not answer${waited} (${reason}): waiting for it`)
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
