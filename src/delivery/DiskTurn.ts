import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { OutboxFault } from "./Outbox.ts"

/** A disk that hangs delays whoever asks by no more than this. */
const patience = "3 seconds"

const noAnswer = new OutboxFault({
  message: "the outbox cannot be used: the state disk does not answer",
})

/** One thing at a time is asked of the state disk: what hangs costs one thread. */
export interface DiskTurn {
  /**
   * Fails when it takes more than 3 s, and at once while an earlier one hangs.
   *
   * What was asked goes on nevertheless, unless it was not begun because of one that hangs.
   */
  ask<A, E>(doing: Effect.Effect<A, E>): Effect.Effect<A, E | OutboxFault>
}

export const makeDiskTurn = Effect.gen(function* (): Effect.fn.Return<DiskTurn, never, Scope.Scope> {
  const turn = yield* Semaphore.make(1)
  let isHanging = false

  const ask: DiskTurn["ask"] = <A, E>(doing: Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      if (isHanging) return yield* noAnswer
      let isDone = false
      const answer = yield* Deferred.make<A, E>()
      const answering = Effect.flatMap(Effect.exit(doing), (exit) => {
        isDone = true
        isHanging = false
        return Deferred.done(answer, exit)
      })
      yield* Effect.forkDetach(turn.withPermit(Effect.uninterruptible(answering)), { startImmediately: true })
      if (isDone) return yield* Deferred.await(answer)
      return yield* Deferred.await(answer).pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => {
            isHanging = !isDone
            return Effect.fail(noAnswer)
          },
        }),
        Effect.interruptible,
      )
    })

  // Another life on the same files begins when all is written.
  yield* Effect.addFinalizer(() => Effect.ignore(ask(Effect.void)))
  return { ask }
})
