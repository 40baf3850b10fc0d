import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Deletion, retention and quotas.
 *
 * A recording is deleted in steps: its row is marked (`deleting_at`, with the reason), its file is unlinked, its row is
 * removed. A marked row counts as recorded nowhere any more, since its file may be gone already. `is_protected` keeps a
 * recording where it is, as `is_clip` does. `cameras.retention_days` only shortens what the owner's plan allows.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE recordings
    ADD COLUMN deleting_at timestamptz,
    ADD COLUMN deleted_reason text,
    ADD COLUMN is_protected boolean NOT NULL DEFAULT false`
  yield* sql`CREATE INDEX recordings_deletable ON recordings (camera_id, end_time)
    WHERE NOT is_clip AND NOT is_protected`
  yield* sql`CREATE INDEX recordings_deleting ON recordings (id) WHERE deleting_at IS NOT NULL`
  yield* sql`CREATE INDEX gaps_deleted ON gaps (camera_id, end_time) WHERE cause = 'deleted'`
  yield* sql`ALTER TABLE cameras ADD COLUMN retention_days integer, ADD COLUMN quota_bytes bigint`
  yield* sql`ALTER TABLE owners ADD COLUMN quota_bytes bigint`
  yield* sql`CREATE TABLE cleanup_passes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    is_complete boolean NOT NULL DEFAULT false,
    cameras integer NOT NULL DEFAULT 0,
    files integer NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    errors integer NOT NULL DEFAULT 0,
    error_list jsonb NOT NULL DEFAULT '[]'
  )`
  yield* sql`CREATE INDEX cleanup_passes_started_at ON cleanup_passes (started_at)`
})
