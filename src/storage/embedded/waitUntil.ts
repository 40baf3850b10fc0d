import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const pollInterval = "20 millis"

/** Waits for a fact outside of this process that nothing announces. */
export const waitUntil = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sync(condition).pipe(
    Effect.repeat({ until: (isMet) => isMet, schedule: Schedule.spaced(pollInterval) }),
    Effect.asVoid,
  )
