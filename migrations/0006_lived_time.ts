import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * What the clock showed while a service lived, in the order in which it lived, and what cleanups kept because of it.
 *
 * Until now every pass was made by a service that lived: the time up to the last of them counts.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE lived_time (
    position integer PRIMARY KEY,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL
  )`
  yield* sql`INSERT INTO lived_time
    SELECT 0, 'epoch', max(started_at) FROM cleanup_passes HAVING max(started_at) > 'epoch'`
  yield* sql`ALTER TABLE cleanup_passes ADD COLUMN held_back integer NOT NULL DEFAULT 0`
})
