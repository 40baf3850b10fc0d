import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Recordings whose file is gone: state `missing`.
 *
 * Such a row keeps what was recorded; a gap of identity `missing/<file_path>` accounts for its time. Every repair
 * looks for these files again, hence the index.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE INDEX recordings_missing ON recordings (camera_id) WHERE state = 'missing'`
})
