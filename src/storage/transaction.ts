import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"

/** Lets an interruption end the wait at once; the effect itself ends in the background. */
const inBackground = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(Effect.interruptible(effect)), (fiber) =>
      restore(Fiber.join(fiber)).pipe(Effect.onInterrupt(() => Effect.sync(() => fiber.interruptUnsafe()))),
    ),
  )

/**
 * Runs an effect in one transaction.
 *
 * Two things differ from the client's own `withTransaction`. A connection that ends within it is a failure: the client
 * cannot send its ROLLBACK then and dies of that. And an interruption does not wait for the server: BEGIN and COMMIT
 * are not interruptible, and a server that hangs would hold up whoever asks with a time limit.
 */
export const transaction =
  (sql: SqlClient.SqlClient) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
    sql.withTransaction(effect).pipe(
      Effect.catchDefect((defect) => (isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect))),
      inBackground,
    )
