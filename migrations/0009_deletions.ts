import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Recordings that are being deleted move to a table of their own, so that whatever reads `recordings` need not know.
 *
 * A row marked as it was before costs an entry in every index of `recordings`; here it costs one. A recording is
 * marked by moving its row, and its row goes when its file is gone; one that cannot be unlinked moves back. `batch_id`
 * is shared by the rows that are marked, unlinked and removed together.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE SEQUENCE deletion_batches`
  yield* sql`CREATE TABLE deletions (LIKE recordings)`
  yield* sql`INSERT INTO deletions SELECT * FROM recordings WHERE deleting_at IS NOT NULL`
  yield* sql`DELETE FROM recordings WHERE deleting_at IS NOT NULL`
  yield* sql`ALTER TABLE recordings DROP COLUMN deleting_at, DROP COLUMN deleted_reason`
  yield* sql`ALTER TABLE deletions DROP COLUMN deleted_reason`
  yield* sql`ALTER TABLE deletions RENAME COLUMN deleting_at TO marked_at`
  yield* sql`ALTER TABLE deletions
    ALTER COLUMN marked_at SET NOT NULL,
    ADD COLUMN batch_id bigint NOT NULL DEFAULT nextval('deletion_batches')`
  yield* sql`CREATE INDEX deletions_batch_id ON deletions (batch_id)`
})
