import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds that only go on, whatever is done to the clock. */
export const steadyMillis: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (nanos) =>
  Number(nanos / 1_000_000n),
)
