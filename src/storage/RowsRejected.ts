import * as Schema from "effect/Schema"
import type { SqlError } from "effect/sql/SqlError"

/** The database answers, and does not take these rows. */
export class RowsRejected extends Schema.TaggedError<RowsRejected>()("RowsRejected", {
  reason: Schema.String,
}) {}

/** The server's own sentence; it names tables and constraints, never values. */
export const messageOf = (error: SqlError): string =>
  error.reason.cause instanceof Error ? error.reason.cause.message : error.message
