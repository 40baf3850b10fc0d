import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * What packet loss did to a recording; null where nothing tells, as over TCP.
 *
 * `damaged_frames_at_most` is an upper bound: frames that were hit, and all that may be predicted from them.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const table of ["recordings", "deletions"]) {
    yield* sql`ALTER TABLE ${sql(table)}
      ADD COLUMN lost_packets bigint,
      ADD COLUMN damaged_frames_at_most bigint`
  }
})
