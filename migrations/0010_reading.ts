import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Reading a range costs as much as the range holds, however old it is and whatever lies around it.
 *
 * With the end in the index a recording that ended before the range is passed over without its row. A gap may last for
 * ever, so that one that reaches into a range may begin anywhere: the few long ones are in an index of their own.
 */
export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DROP INDEX recordings_camera_id_start_time`
  yield* sql`CREATE INDEX recordings_camera_id_start_time ON recordings (camera_id, start_time, end_time)`
  yield* sql`CREATE INDEX recordings_audio_missing ON recordings (camera_id, start_time) WHERE audio = 'missing'`
  yield* sql`CREATE INDEX gaps_long ON gaps (camera_id, start_time)
    WHERE end_time IS NULL OR end_time - start_time > '25 hours'`
})
