import * as Schema from "effect/Schema"

/** The embedded PostgreSQL cannot run here; the message names the cause and what to do. */
export class EmbeddedPostgresError extends Schema.TaggedError<EmbeddedPostgresError>()(
  "EmbeddedPostgresError",
  { message: Schema.String },
) {}

/** What to do instead, for every case in which the embedded server is out of the question. */
export const orUseAnother = "or set DATABASE_URL to a PostgreSQL of your own"
