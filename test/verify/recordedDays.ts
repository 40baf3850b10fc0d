import { linkSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"

/** Days of cameras that recorded around the clock; the last one ends at `untilMillis`. */
export interface RecordedDays {
  readonly cameraIds: ReadonlyArray<number>
  readonly days: number
  readonly filesPerDay: number
  readonly untilMillis: number
}

/** After every sixth file a gap follows. */
const filesPerGap = 6
const gapSeconds = 5
const daySeconds = 86_400
const bytesPerSecond = 250_000
/** ext4 takes 65,000. */
const mostLinks = 60_000

/** Writes the rows of files that touch, of the gaps between some of them, and of when the cameras were enabled. */
export const insertRecordedDays = (
  sql: SqlClient.SqlClient,
  { cameraIds, days, filesPerDay, untilMillis }: RecordedDays,
): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const fileSeconds = daySeconds / filesPerDay
    const from = new Date(untilMillis - days * daySeconds * 1000)
    const cameras = sql`
      (SELECT value::int AS camera FROM jsonb_array_elements_text(${JSON.stringify(cameraIds)}::jsonb)) AS cameras`
    // In the order in which a service would write them: by time, all cameras in turn.
    yield* sql`
      INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, created_at, run_id,
        segment_number, state, frames, missing_frames, fragments, video_codec, audio)
      SELECT camera, at, at + make_interval(secs => seconds),
        format('cam_%s/%s.mp4', camera, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD/HH24-MI-SS')),
        (seconds * ${bytesPerSecond}::int)::bigint, seconds, at, '7f9c24e8-3b1d-4f62-9c55-0d6a1e2b3c4d', number, 'closed',
        (seconds * 25)::bigint, 0, (seconds / 0.6)::int, 'avc1.640028', 'recorded'
      FROM generate_series(0, ${days * filesPerDay - 1}::int) AS number,
        LATERAL (SELECT ${from}::timestamptz + make_interval(secs => number * ${fileSeconds}::float8) AS at,
          ${fileSeconds}::float8 - CASE WHEN number % ${filesPerGap} = 0 THEN ${gapSeconds} ELSE 0 END AS seconds
        ) AS file, ${cameras}
      ORDER BY number, camera`
    yield* sql`
      INSERT INTO gaps (camera_id, identity, start_time, end_time, cause)
      SELECT camera_id, format('outage/%s/%s', camera_id, number), end_time,
        end_time + ${`${gapSeconds} seconds`}::interval, 'camera_unreachable'
      FROM recordings, LATERAL (SELECT segment_number AS number) AS numbered
      WHERE number % ${filesPerGap} = 0 ORDER BY recordings.id`
    yield* sql`
      INSERT INTO enabled_periods (camera_id, start_time, end_time)
      SELECT camera, ${from}::timestamptz, ${new Date(untilMillis)}::timestamptz FROM ${cameras}`
    // As the server itself does once so many rows are new.
    for (const table of ["recordings", "gaps", "enabled_periods"])
      yield* sql.unsafe(`VACUUM ANALYZE ${table}`)
  })

/** Gives each row its file: names of a few large files without content. */
export const linkRecordedDays = (
  recordingsDirectory: string,
  { cameraIds, days, filesPerDay, untilMillis }: RecordedDays,
): void => {
  const fileSeconds = daySeconds / filesPerDay
  const source = join(recordingsDirectory, "source")
  let links = 0
  for (const cameraId of cameraIds) {
    for (let number = 0; number < days * filesPerDay; number++) {
      const at = new Date(untilMillis - (days * daySeconds - number * fileSeconds) * 1000).toISOString()
      const directory = join(recordingsDirectory, `cam_${cameraId}`, at.slice(0, 10))
      if (number % filesPerDay === 0) mkdirSync(directory, { recursive: true })
      if (links % mostLinks === 0) {
        rmSync(source, { force: true })
        writeFileSync(source, "")
        truncateSync(source, fileSeconds * bytesPerSecond)
      }
      linkSync(source, join(directory, `${at.slice(11, 19).replaceAll(":", "-")}.mp4`))
      links += 1
    }
  }
  rmSync(source, { force: true })
}
