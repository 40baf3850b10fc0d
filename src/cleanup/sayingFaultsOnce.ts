import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** Runs what may fail again and again: null for a fault, which is said once, until it is another one or over. */
export const sayingFaultsOnce = () => {
  let lastFault: string | null = null
  return <A, E extends Error>(effect: Effect.Effect<A, E>): Effect.Effect<A | null> =>
    effect.pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          lastFault = null
        }),
      ),
      Effect.catchCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
        const error = Cause.squash(cause)
        const fault = error instanceof Error ? error.message : String(error)
        const isNews = fault !== lastFault
        lastFault = fault
        return isNews
          ? Effect.as(Effect.logError(`recordings cannot be evicted: ${fault}`), null)
          : Effect.succeed(null)
      }),
    )
}
