import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Protected recordings, as the recordings directory named them when the service started.
 *
 * A row that is added for one of them, such as for a file that a repair adopts, is protected from its beginning.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE protected_files (file_path text PRIMARY KEY)`
  yield* sql`CREATE INDEX recordings_protected ON recordings (camera_id) WHERE is_protected`
})
