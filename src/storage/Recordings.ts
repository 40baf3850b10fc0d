import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import type { RecordingRow } from "./accounting/rows.ts"
import { decodeCursor, encodeCursor } from "./cursor.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { longestRecordingMillis } from "./longestRecording.ts"

/** The cursor is not one that an earlier page gave. */
export class InvalidCursor extends Schema.TaggedError<InvalidCursor>()("InvalidCursor", {}) {}

/** As a ledger knows a file; `missing`: it was recorded, and a repair did not find it any more. */
export type RecordingState = RecordingRow["state"] | "missing"

/** A recording as the catalog knows it; `filePath` is relative to the recordings directory. */
export interface Recording<State extends RecordingState = RecordingState> extends Omit<
  RecordingRow,
  "state"
> {
  readonly id: number
  readonly state: State
  readonly isClip: boolean
  /** Neither retention nor disk pressure deletes it. */
  readonly isProtected: boolean
  readonly createdAtMillis: number
}

/** Recordings that overlap [`fromMillis`, `toMillis`), of one camera or of all. */
export interface RecordingsQuery {
  readonly cameraId?: number | undefined
  readonly fromMillis?: number | undefined
  readonly toMillis?: number | undefined
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined
  readonly limit: number
}

/** `nextCursor` is null on the last page. */
export interface RecordingsPage {
  readonly recordings: ReadonlyArray<Recording>
  readonly nextCursor: string | null
}

export interface RecordingColumns<State extends RecordingState = RecordingState> {
  readonly id: bigint
  readonly cameraId: number
  readonly startTime: Date
  readonly endTime: Date
  readonly filePath: string
  readonly fileSize: bigint
  readonly isClip: boolean
  readonly isProtected: boolean
  readonly createdAt: Date
  readonly runId: string
  readonly segmentNumber: number
  readonly state: State
  readonly frames: bigint
  readonly missingFrames: bigint | null
  readonly lostPackets: bigint | null
  readonly damagedFramesAtMost: bigint | null
  readonly fragments: number
  readonly videoCodec: string
  readonly audio: "none" | "missing" | "recorded"
}

const numberOrNull = (count: bigint | null): number | null => (count === null ? null : Number(count))

export const recordingFrom = <State extends RecordingState>(
  row: RecordingColumns<State>,
): Recording<State> => ({
  id: Number(row.id),
  cameraId: row.cameraId,
  startMillis: row.startTime.getTime(),
  endMillis: row.endTime.getTime(),
  filePath: row.filePath,
  sizeBytes: Number(row.fileSize),
  isClip: row.isClip,
  isProtected: row.isProtected,
  createdAtMillis: row.createdAt.getTime(),
  runId: row.runId,
  segmentNumber: row.segmentNumber,
  state: row.state,
  frames: Number(row.frames),
  missingFrames: numberOrNull(row.missingFrames),
  lostPackets: numberOrNull(row.lostPackets),
  damagedFramesAtMost: numberOrNull(row.damagedFramesAtMost),
  fragments: row.fragments,
  videoCodec: row.videoCodec,
  audio: row.audio,
})

const isoTime = (millis: number): string => new Date(millis).toISOString()

const toJson = (row: RecordingRow) => ({
  camera_id: row.cameraId,
  start_time: isoTime(row.startMillis),
  end_time: isoTime(row.endMillis),
  file_path: row.filePath,
  file_size: row.sizeBytes,
  duration: (row.endMillis - row.startMillis) / 1000,
  run_id: row.runId,
  segment_number: row.segmentNumber,
  state: row.state,
  frames: row.frames,
  missing_frames: row.missingFrames,
  lost_packets: row.lostPackets,
  damaged_frames_at_most: row.damagedFramesAtMost,
  fragments: row.fragments,
  video_codec: row.videoCodec,
  audio: row.audio,
})

/** The files that were recorded: what the API lists, and how the catalog writes them. */
export class Recordings extends Context.Service<
  Recordings,
  {
    /** In ascending order of start. */
    list(query: RecordingsQuery): Effect.Effect<RecordingsPage, InvalidCursor | DatabaseUnavailable>
    /** Whether a recording of the camera in [`fromMillis`, `toMillis`) lacks the sound that the camera advertises. */
    isAudioMissing(
      cameraId: number,
      fromMillis: number,
      toMillis: number,
    ): Effect.Effect<boolean, DatabaseUnavailable>
    /**
     * One statement for the rows of all cameras; a path that is known is updated.
     *
     * A missing file stays so while its row is only closed again: a ledger remembers files that are gone. A new row is
     * protected where its file is. The row of a file that is being deleted is not written again.
     */
    upsertMany(rows: ReadonlyArray<RecordingRow>): Effect.Effect<void, SqlError>
  }
>()("vigia/storage/Recordings") {
  static readonly layer: Layer.Layer<Recordings, never, SqlClient.SqlClient> = Layer.effect(
    Recordings,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const list = Effect.fn("Recordings.list")(function* (query: RecordingsQuery) {
        const after = query.cursor === undefined ? null : decodeCursor(query.cursor)
        if (after === undefined) return yield* new InvalidCursor()
        const { cameraId, fromMillis, toMillis, limit } = query
        const page = (bounds: ReadonlyArray<Fragment>) => sql`
          (SELECT * FROM recordings WHERE ${sql.and([
            ...(cameraId === undefined ? [] : [sql`camera_id = ${cameraId}`]),
            ...(toMillis === undefined ? [] : [sql`start_time < ${new Date(toMillis)}`]),
            ...(after === null
              ? []
              : [sql`(start_time, id) > (${new Date(after.startMillis)}, ${after.id}::bigint)`]),
            ...bounds,
          ])} ORDER BY start_time, id LIMIT ${limit + 1})`
        const rows = yield* fromMillis === undefined
          ? sql<RecordingColumns>`${page([])}`
          : // What reaches into the range apart from what begins in it. In one, PostgreSQL takes the bounds of start and
            // end for independent, expects few rows, and sorts all of an open range for each page.
            sql<RecordingColumns>`${page([
              sql`start_time > ${new Date(fromMillis - longestRecordingMillis)}`,
              sql`start_time <= ${new Date(fromMillis)}`,
              sql`end_time > ${new Date(fromMillis)}`,
            ])} UNION ALL ${page([sql`start_time > ${new Date(fromMillis)}`])}
            ORDER BY start_time, id LIMIT ${limit + 1}`
        const recordings = rows.slice(0, query.limit).map(recordingFrom)
        const last = recordings.at(-1)
        return {
          recordings,
          nextCursor: rows.length > query.limit && last !== undefined ? encodeCursor(last) : null,
        }
      }, orUnavailable)

      const isAudioMissing = Effect.fn("Recordings.isAudioMissing")(function* (
        cameraId: number,
        fromMillis: number,
        toMillis: number,
      ) {
        const rows = yield* sql`
          SELECT id FROM recordings
          WHERE camera_id = ${cameraId} AND audio = 'missing' AND start_time < ${new Date(toMillis)}
            AND start_time > ${new Date(fromMillis - longestRecordingMillis)} AND end_time > ${new Date(fromMillis)}
          LIMIT 1`
        return rows.length > 0
      }, orUnavailable)

      const upsertMany = Effect.fn("Recordings.upsertMany")((rows: ReadonlyArray<RecordingRow>) =>
        Effect.asVoid(sql`
          INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id,
            segment_number, state, frames, missing_frames, lost_packets, damaged_frames_at_most, fragments,
            video_codec, audio, is_protected)
          SELECT row.*, row.file_path IN (SELECT file_path FROM protected_files) FROM jsonb_to_recordset(${JSON.stringify(rows.map(toJson))}::jsonb) AS row (
            camera_id integer, start_time timestamptz, end_time timestamptz, file_path text, file_size bigint,
            duration double precision, run_id text, segment_number integer, state text, frames bigint,
            missing_frames bigint, lost_packets bigint, damaged_frames_at_most bigint, fragments integer,
            video_codec text, audio text)
          WHERE NOT EXISTS (SELECT FROM deletions WHERE deletions.file_path = row.file_path)
          ORDER BY row.start_time
          ON CONFLICT (file_path) DO UPDATE SET
            camera_id = excluded.camera_id, start_time = excluded.start_time, end_time = excluded.end_time,
            file_size = excluded.file_size, duration = excluded.duration, run_id = excluded.run_id,
            segment_number = excluded.segment_number, frames = excluded.frames,
            state = CASE WHEN recordings.state = 'missing' AND excluded.state = 'closed'
              THEN recordings.state ELSE excluded.state END,
            missing_frames = excluded.missing_frames, lost_packets = excluded.lost_packets,
            damaged_frames_at_most = excluded.damaged_frames_at_most, fragments = excluded.fragments,
            video_codec = excluded.video_codec, audio = excluded.audio`),
      )

      return Recordings.of({ list, isAudioMissing, upsertMany })
    }),
  )
}
