import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type { AlertBook } from "./AlertBook.ts"
import type { AlertsFile } from "./AlertsFile.ts"
import type { Instant } from "./stepTrack.ts"

/** A disk that hangs delays alerts by no more than this; what hangs is said then. */
const patience = "3 seconds"

export interface BookSaver {
  /** Whether the disk has the book; a fault is said once, until it is over. */
  readonly save: (book: AlertBook, now: Instant) => Effect.Effect<boolean>
}

export const makeBookSaver = Effect.fnUntraced(function* (file: AlertsFile) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  let isWriting = false
  let isFaulty = false

  const faultOf = (fault: string | null) =>
    Effect.gen(function* () {
      if (fault !== null && !isFaulty) yield* Effect.logError(`${fault}: a crash would lose or repeat alerts`)
      isFaulty = fault !== null
      return fault === null
    })

  const saver: BookSaver = {
    save: Effect.fnUntraced(function* (book, now) {
      // Two writes at a time could leave the older one.
      if (isWriting) return false
      isWriting = true
      const written = yield* Deferred.make<string | null>()
      run(
        file.save(book, now).pipe(
          Effect.as(null),
          Effect.catch(({ message }) => Effect.succeed(message)),
          Effect.flatMap((fault) => Deferred.succeed(written, fault)),
          Effect.ensuring(
            Effect.sync(() => {
              isWriting = false
            }),
          ),
        ),
      )
      const fault = yield* Effect.raceFirst(
        Effect.interruptible(Deferred.await(written)),
        Effect.interruptible(Effect.as(Effect.sleep(patience), "The state disk does not answer")),
      )
      return yield* faultOf(fault)
    }),
  }
  return saver
})
