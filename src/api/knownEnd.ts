import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** By how much the clock of a client may be ahead of ours. */
const skewMillis = 5_000

/**
 * The end of a range that cannot lie in the future: now, where it is at most 5 s ahead of our clock.
 *
 * So "until now" holds for a client whose clock is a little ahead. Any other end stays as it is. In Unix milliseconds.
 */
export const knownEnd = (toMillis: number): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeMillis, (nowMillis) =>
    toMillis > nowMillis && toMillis <= nowMillis + skewMillis ? nowMillis : toMillis,
  )
