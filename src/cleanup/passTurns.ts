import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Semaphore from "effect/Semaphore"
import type { CleanupReason } from "../storage/CleanupPasses.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { CleanupProgress } from "./CleanupProgress.ts"

const newProgress = (reason: CleanupReason): Effect.Effect<CleanupProgress> =>
  Effect.map(Clock.currentTimeMillis, (nowMillis) => new CleanupProgress(reason, nowMillis))

/** Passes one after another; whoever began them, all can be ended. They end with the scope. */
export const makePassTurns = Effect.fnUntraced(function* (
  pass: (progress: CleanupProgress) => Effect.Effect<boolean, DatabaseUnavailable>,
) {
  const passing = yield* FiberSet.make<boolean, DatabaseUnavailable>()
  const oneAtATime = yield* Semaphore.make(1)
  let running: CleanupProgress | null = null

  const ended = (progress: CleanupProgress): void => {
    // Another pass may have begun since.
    if (running === progress) running = null
  }

  const inTurn = (progressOf: Effect.Effect<CleanupProgress>) =>
    Effect.gen(function* () {
      const progress = yield* progressOf
      running = progress
      return yield* Effect.ensuring(
        pass(progress),
        Effect.sync(() => ended(progress)),
      )
    }).pipe((alone) => oneAtATime.withPermit(alone))

  const inBackground = (progress: CleanupProgress) =>
    inTurn(Effect.succeed(progress)).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.as(Effect.logError("the cleanup failed", cause), false),
      ),
    )

  /** Answers what the pass does; true for one that was ended, which is not to be tried again. */
  const run = Effect.fnUntraced(function* (reason: CleanupReason) {
    const fiber = yield* FiberSet.run(passing, inTurn(newProgress(reason)))
    const exit = yield* Effect.onInterrupt(Fiber.await(fiber), () => Fiber.interrupt(fiber))
    return Exit.hasInterrupts(exit) ? true : yield* exit
  })

  /** Begins a pass in the background; false where one runs already. */
  const request = Effect.gen(function* () {
    const progress = yield* newProgress("asked")
    if (running !== null) return false
    // At once: whoever asks next is to see it.
    running = progress
    const fiber = yield* FiberSet.run(passing, inBackground(progress))
    // Also where it is ended before it begins.
    fiber.addObserver(() => ended(progress))
    return true
  })

  return {
    run,
    request,
    /** Ends the pass that runs, and those that wait. */
    endAll: FiberSet.clear(passing),
    running: () => running,
  }
})
