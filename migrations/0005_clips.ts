import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Clips: exports of a range of a camera's recordings, which only a person deletes.
 *
 * `from_time` and `to_time` are what was asked for, `start_time` and `end_time` what the file holds. A name on disk is
 * taken while its clip is being exported, is there, or is being deleted; one that failed or was cancelled gives it back.
 *
 * `recordings.is_clip` stays beside this table: it is the column of the specification, and whoever sets it keeps that
 * recording where it is.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE clips (
    id uuid PRIMARY KEY,
    camera_id integer NOT NULL REFERENCES cameras (id),
    name text NOT NULL,
    state text NOT NULL,
    is_exact boolean NOT NULL,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    start_time timestamptz,
    end_time timestamptz,
    file_path text NOT NULL,
    file_size bigint,
    duration double precision,
    gaps jsonb NOT NULL DEFAULT '[]',
    sources jsonb NOT NULL DEFAULT '[]',
    error text,
    created_at timestamptz NOT NULL
  )`
  yield* sql`CREATE UNIQUE INDEX clips_file_path ON clips (file_path)
    WHERE state IN ('exporting', 'ready', 'deleting')`
  yield* sql`CREATE INDEX clips_camera_id_created_at ON clips (camera_id, created_at)`
  yield* sql`CREATE INDEX clips_unfinished ON clips (id) WHERE state IN ('exporting', 'deleting')`
})
