import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Which life of the service wrote to the catalog last, and the number of the state of its memory that is stored.
 *
 * Both change in the transaction of the rows: rows that were kept on disk while the database was away are written
 * only where they are newer than what it holds.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE service_state ADD COLUMN writer_life uuid, ADD COLUMN state_number bigint`
})
