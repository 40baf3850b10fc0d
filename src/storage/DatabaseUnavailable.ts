import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isSqlError, type SqlError } from "effect/sql/SqlError"

/**
 * The database does not answer, or not in time; the same request may succeed later.
 *
 * `reason` is the class of the failure, never the driver's text, which can hold the connection's settings.
 */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  reason: Schema.String,
}) {
  override get message(): string {
    return `The database does not answer (${this.reason})`
  }
}

/**
 * SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention, as during a shutdown), and of others what
 * is no fault of a statement: 25006 (a server that takes no writes, as a standby), 58030 (its disk fails).
 */
export const passingSqlState = /^(08|53|57|25006|58030)/

const sqlStateOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : ""

/** Whether a failure tells of the database as a whole, not of the one statement. */
export const isUnavailable = (error: SqlError): boolean =>
  error.isRetryable ||
  error.reason._tag === "AuthenticationError" ||
  error.reason._tag === "AuthorizationError" ||
  passingSqlState.test(sqlStateOf(error.reason.cause))

/**
 * Bounds a call to the database and turns its failure into `DatabaseUnavailable`.
 *
 * Any other SQL error is a bug of a statement and becomes a defect.
 */
export const orUnavailableWithin =
  (duration: Duration.Input) =>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
  ): Effect.Effect<A, Exclude<E, Extract<E, SqlError>> | DatabaseUnavailable, R> =>
    effect.pipe(
      Effect.catchIf(
        (error): error is Extract<E, SqlError> => isSqlError(error),
        (error) =>
          isUnavailable(error)
            ? Effect.fail(new DatabaseUnavailable({ reason: error.reason._tag }))
            : Effect.die(error),
      ),
      Effect.timeoutOrElse({
        duration,
        orElse: () => Effect.fail(new DatabaseUnavailable({ reason: "Timeout" })),
      }),
    )

/** `orUnavailableWithin` 10 s. */
export const orUnavailable = orUnavailableWithin("10 seconds")
