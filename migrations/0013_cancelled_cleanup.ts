import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** When somebody ended cleanups last: nothing that was due by then is caught up. */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE service_state ADD COLUMN cleanup_cancelled_at timestamptz`
})
