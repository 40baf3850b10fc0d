import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * The catalog: what PostgreSQL (13 or newer) knows about owners, cameras and the files on disk.
 *
 * Rows of owners and cameras are never removed, only marked (`deleted_at`), so that ids are never reused and
 * recordings of a removed camera still find the plan they expire by. `gaps.identity` names the fact a gap
 * stands for: while its bounds are still being measured, the same row is written again.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE owners (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    plan text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
  )`
  yield* sql`CREATE TABLE cameras (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    owner_id integer NOT NULL REFERENCES owners (id),
    name text NOT NULL,
    url text NOT NULL,
    sealed_url text NOT NULL,
    transport text NOT NULL,
    recording_enabled boolean NOT NULL,
    video_codec text,
    audio_codec text,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
  )`
  yield* sql`CREATE INDEX cameras_owner_id ON cameras (owner_id)`
  yield* sql`CREATE TABLE recordings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    camera_id integer NOT NULL REFERENCES cameras (id),
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    file_path text NOT NULL UNIQUE,
    file_size bigint NOT NULL,
    duration double precision NOT NULL,
    is_clip boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    run_id text NOT NULL,
    segment_number integer NOT NULL,
    state text NOT NULL,
    frames bigint NOT NULL,
    missing_frames bigint,
    fragments integer NOT NULL,
    video_codec text NOT NULL,
    audio text NOT NULL
  )`
  yield* sql`CREATE INDEX recordings_camera_id_start_time ON recordings (camera_id, start_time)`
  yield* sql`CREATE INDEX recordings_created_at ON recordings (created_at)`
  yield* sql`CREATE INDEX recordings_growing ON recordings (camera_id) WHERE state = 'growing'`
  yield* sql`CREATE TABLE gaps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    camera_id integer NOT NULL REFERENCES cameras (id),
    identity text NOT NULL UNIQUE,
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    cause text NOT NULL,
    detail text
  )`
  yield* sql`CREATE INDEX gaps_camera_id_start_time ON gaps (camera_id, start_time)`
  yield* sql`CREATE INDEX gaps_open ON gaps (camera_id) WHERE end_time IS NULL`
  yield* sql`CREATE TABLE enabled_periods (
    camera_id integer NOT NULL REFERENCES cameras (id),
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    PRIMARY KEY (camera_id, start_time)
  )`
  yield* sql`CREATE TABLE service_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_seen_at timestamptz,
    key_check text
  )`
  yield* sql`INSERT INTO service_state DEFAULT VALUES`
})
