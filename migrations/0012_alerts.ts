import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Alerts that were raised, and how they ended.
 *
 * The state file of the service is the truth of what stands; the rows follow. No reference to `cameras`: the alert of
 * a camera that a lost database took along is still history.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    severity text NOT NULL,
    camera_id integer,
    detail text NOT NULL,
    since_time timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    ended_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text
  )`
  yield* sql`CREATE INDEX alerts_raised_at ON alerts (raised_at, id)`
  yield* sql`CREATE INDEX alerts_camera_id_raised_at ON alerts (camera_id, raised_at, id)`
})
