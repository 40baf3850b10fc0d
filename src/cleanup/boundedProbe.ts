import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { DirectoryUnusable, DiskSpace, MarkerMissing } from "../storage/RecordingsDirectory.ts"

/** What the file system answered; `error` says why it did not. */
export type ProbeResult =
  | { readonly space: DiskSpace; readonly error: null }
  | { readonly space: null; readonly error: string }

/** What of the file system is asked, and why it may not answer. */
type Question = Effect.Effect<DiskSpace, MarkerMissing | DirectoryUnusable>

/**
 * Asks a file system that may hang, and waits no longer than `timeoutMillis`.
 *
 * A question that hangs is not asked again until it is answered: each would hold a thread. Its fiber belongs to the
 * scope of the caller.
 */
export const boundedProbe = (
  ask: Question,
  timeoutMillis: number,
): Effect.Effect<Effect.Effect<ProbeResult>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let asked: Fiber.Fiber<Result.Result<Effect.Success<Question>, Effect.Error<Question>>> | null = null
    const question = Effect.result(ask).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          asked = null
        }),
      ),
    )
    return Effect.gen(function* () {
      asked ??= yield* Effect.forkIn(question, scope)
      const answer = Option.getOrNull(yield* Effect.timeoutOption(Fiber.join(asked), timeoutMillis))
      if (answer === null) {
        return { space: null, error: `the file system did not answer within ${timeoutMillis / 1000} s` }
      }
      return Result.isSuccess(answer)
        ? { space: answer.success, error: null }
        : { space: null, error: answer.failure.message }
    })
  })
