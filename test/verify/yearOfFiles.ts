import { mkdirSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { movieBytes, movieOf } from "../repair/recordedFile.ts"

/** Files of whole hours, as many cameras, days and hours of a day as given. */
export interface FileYear {
  readonly cameraIds: ReadonlyArray<number>
  readonly days: number
  readonly hours: number
}

const firstDay = Date.UTC(2025, 0, 1)
const dayMillis = 86_400_000
const seconds = 1
/** The directories changed long ago, as in a service that records for a year. */
const changedAt = firstDay / 1000

const twoDigits = (value: number): string => String(value).padStart(2, "0")

/** Writes the files into directories of days; each is whole, and as small as a recording can be. Answers how many. */
export const writeFiles = (recordingsDirectory: string, { cameraIds, days, hours }: FileYear): number => {
  const movie = movieOf(seconds)
  for (const cameraId of cameraIds) {
    for (let day = 0; day < days; day++) {
      const name = new Date(firstDay + day * dayMillis).toISOString().slice(0, 10)
      const directory = join(recordingsDirectory, `cam_${cameraId}`, name)
      mkdirSync(directory, { recursive: true })
      for (let hour = 0; hour < hours; hour++) {
        writeFileSync(`${directory}/${twoDigits(hour)}-00-00.mp4`, movie)
      }
      utimesSync(directory, changedAt, changedAt)
    }
    const directory = join(recordingsDirectory, `cam_${cameraId}`)
    utimesSync(directory, changedAt, changedAt)
  }
  return cameraIds.length * days * hours
}

/** Writes the row of each file, as if the service had recorded them. */
export const insertRows = (
  sql: SqlClient.SqlClient,
  { cameraIds, days, hours }: FileYear,
): Effect.Effect<void, unknown> =>
  Effect.asVoid(sql`
    INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id, segment_number,
      state, frames, missing_frames, fragments, video_codec, audio)
    SELECT camera, at, at + ${`${seconds} seconds`}::interval,
      format('cam_%s/%s.mp4', camera, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD/HH24-MI-SS')),
      ${movieBytes(seconds)}, ${seconds}, 'run', 0, 'closed', 25, 0, ${seconds}, 'avc1', 'none'
    FROM (SELECT value::int AS camera FROM jsonb_array_elements_text(${JSON.stringify(cameraIds)}::jsonb)) AS cameras,
      generate_series(0, ${days - 1}::int) AS day, generate_series(0, ${hours - 1}::int) AS hour,
      LATERAL (SELECT ${new Date(firstDay)}::timestamptz + make_interval(hours => 24 * day + hour) AS at) AS start`).pipe(
    Effect.andThen(sql`ANALYZE recordings`),
    Effect.asVoid,
  )
