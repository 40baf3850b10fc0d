import * as Effect from "effect/Effect"

/** After a bug: nothing is gained by meeting it every second. */
const pauseAfterDefect = "1 minute"

/** Again and again for ever; a bug is said, and what comes after it is done all the same. */
export const foreverDespiteDefects = <R>(fault: string, act: Effect.Effect<void, never, R>) =>
  act.pipe(
    Effect.catchDefect((defect) =>
      Effect.andThen(Effect.logFatal(`${fault}: ${String(defect)}`), Effect.sleep(pauseAfterDefect)),
    ),
    Effect.forever,
  )
