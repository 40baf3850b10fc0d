import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import type { Clip, ClipContent, ClipGap, ClipSource, ClipState } from "../domain/Clip.ts"
import { decodeCreatedCursor, encodeCreatedCursor } from "./createdCursor.ts"
import { type DatabaseUnavailable, isUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { longestRecordingMillis } from "./longestRecording.ts"
import { InvalidCursor } from "./Recordings.ts"

/** There is no such clip, or not any more. */
export class ClipNotFound extends Schema.TaggedError<ClipNotFound>()("ClipNotFound", {
  clipId: Schema.String,
}) {}

/** Another clip of the camera has the name, or one that gives the same file name. */
export class ClipNameTaken extends Schema.TaggedError<ClipNameTaken>()("ClipNameTaken", {
  cameraId: Schema.Finite,
  name: Schema.String,
}) {}

/** The database does not take the row of a clip that is on disk; `reason` is the kind of its refusal. */
export class ClipRowRefused extends Schema.TaggedError<ClipRowRefused>()("ClipRowRefused", {
  filePath: Schema.String,
  reason: Schema.String,
}) {}

/** A recording that a clip may be made of; its end is not known by the database while it grows. */
export interface ClipSourceFile {
  readonly filePath: string
  readonly runId: string
  readonly segmentNumber: number
  readonly isGrowing: boolean
  readonly startMillis: number
}

/** A clip that is ready, as far as its file is concerned. */
export interface ReadyClip {
  readonly id: string
  readonly cameraId: number
  /** Relative to the recordings directory. */
  readonly filePath: string
  readonly sizeBytes: number
}

/** Clips of one camera or of all. */
export interface ClipsQuery {
  readonly cameraId?: number | undefined
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined
  readonly limit: number
}

/** `nextCursor` is null on the last page. */
export interface ClipsPage {
  readonly clips: ReadonlyArray<Clip>
  readonly nextCursor: string | null
}

interface ClipRow {
  readonly id: string
  readonly cameraId: number
  readonly name: string
  readonly state: ClipState
  readonly isExact: boolean
  readonly fromTime: Date
  readonly toTime: Date
  readonly startTime: Date | null
  readonly endTime: Date | null
  readonly filePath: string
  readonly fileSize: bigint | null
  readonly duration: number | null
  readonly gaps: ReadonlyArray<ClipGap>
  readonly sources: ReadonlyArray<ClipSource>
  readonly error: string | null
  readonly createdAt: Date
}

const contentOf = (row: ClipRow): ClipContent | null =>
  row.startTime === null || row.endTime === null || row.fileSize === null || row.duration === null
    ? null
    : {
        startMillis: row.startTime.getTime(),
        endMillis: row.endTime.getTime(),
        sizeBytes: Number(row.fileSize),
        durationSeconds: row.duration,
        gaps: row.gaps,
        sources: row.sources,
      }

const fromRow = (row: ClipRow): Clip => ({
  id: row.id,
  cameraId: row.cameraId,
  name: row.name,
  state: row.state,
  isExact: row.isExact,
  fromMillis: row.fromTime.getTime(),
  toMillis: row.toTime.getTime(),
  filePath: row.filePath,
  content: contentOf(row),
  error: row.error,
  createdAtMillis: row.createdAt.getTime(),
})

/** Clips as the database knows them; of a camera that was removed, too. */
export class Clips extends Context.Service<
  Clips,
  {
    /** A clip whose export begins. */
    create(clip: Clip): Effect.Effect<void, ClipNameTaken | DatabaseUnavailable>
    /** In the order in which they were asked for. */
    list(query: ClipsQuery): Effect.Effect<ClipsPage, InvalidCursor | DatabaseUnavailable>
    /** All that are ready. */
    readonly ready: Effect.Effect<ReadonlyArray<ReadyClip>, DatabaseUnavailable>
    get(id: string): Effect.Effect<Clip, ClipNotFound | DatabaseUnavailable>
    /** A clip, also one whose deletion began before and did not end. */
    getForRemoval(
      id: string,
    ): Effect.Effect<
      { readonly clip: Clip; readonly isDeleting: boolean },
      ClipNotFound | DatabaseUnavailable
    >
    /** A file on disk is this clip: it becomes ready, and a row that was lost is made again; answers whether. */
    restore(
      clip: Clip & { readonly content: ClipContent },
    ): Effect.Effect<boolean, ClipRowRefused | DatabaseUnavailable>
    /** An export ended without a file. */
    setEnded(
      id: string,
      state: "failed" | "cancelled",
      error: string | null,
    ): Effect.Effect<void, DatabaseUnavailable>
    /** From now on it is listed no more; its file goes next, then its row. */
    markDeleting(id: string): Effect.Effect<void, DatabaseUnavailable>
    remove(id: string): Effect.Effect<void, DatabaseUnavailable>
    /** What an earlier life began and did not end. */
    readonly unfinished: Effect.Effect<
      { readonly exporting: ReadonlyArray<Clip>; readonly deleting: ReadonlyArray<Clip> },
      DatabaseUnavailable
    >
    /** Recordings that reach into a range, in the order of their beginnings. */
    sources(
      cameraId: number,
      fromMillis: number,
      toMillis: number,
    ): Effect.Effect<ReadonlyArray<ClipSourceFile>, DatabaseUnavailable>
  }
>()("vigia/storage/Clips") {
  static readonly layer: Layer.Layer<Clips, never, SqlClient.SqlClient> = Layer.effect(
    Clips,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const insert = (clip: Clip) => sql`
        INSERT INTO clips (id, camera_id, name, state, is_exact, from_time, to_time, file_path, created_at)
        VALUES (${clip.id}::uuid, ${clip.cameraId}, ${clip.name}, ${clip.state}, ${clip.isExact},
          ${new Date(clip.fromMillis)}, ${new Date(clip.toMillis)}, ${clip.filePath},
          ${new Date(clip.createdAtMillis)})`

      const create = Effect.fn("Clips.create")(function* (clip: Clip) {
        yield* insert(clip).pipe(
          Effect.catchIf(
            (error) => isSqlError(error) && error.reason._tag === "UniqueViolation",
            () => Effect.fail(new ClipNameTaken({ cameraId: clip.cameraId, name: clip.name })),
          ),
        )
      }, orUnavailable)

      const list = Effect.fn("Clips.list")(function* ({ cameraId, cursor, limit }: ClipsQuery) {
        const after = cursor === undefined ? null : decodeCreatedCursor(cursor)
        if (after === undefined) return yield* new InvalidCursor()
        const rows = yield* sql<ClipRow>`
          SELECT * FROM clips WHERE ${sql.and([
            sql`state <> 'deleting'`,
            ...(cameraId === undefined ? [] : [sql`camera_id = ${cameraId}`]),
            ...(after === null
              ? []
              : [sql`(created_at, id) > (${new Date(after.createdAtMillis)}, ${after.id}::uuid)`]),
          ])}
          ORDER BY created_at, id LIMIT ${limit + 1}`
        const clips = rows.slice(0, limit).map(fromRow)
        const last = clips.at(-1)
        const hasMore = rows.length > limit && last !== undefined
        return { clips, nextCursor: hasMore ? encodeCreatedCursor(last) : null }
      }, orUnavailable)

      const ready = sql<Pick<ClipRow, "id" | "cameraId" | "filePath" | "fileSize">>`
        SELECT id, camera_id, file_path, file_size FROM clips WHERE state = 'ready' ORDER BY file_path`.pipe(
        Effect.map((rows) => rows.map(({ fileSize, ...clip }) => ({ ...clip, sizeBytes: Number(fileSize) }))),
        orUnavailable,
        Effect.withSpan("Clips.ready"),
      )

      const get = Effect.fn("Clips.get")(function* (id: string) {
        const [row] = yield* sql<ClipRow>`
          SELECT * FROM clips WHERE id = ${id}::uuid AND state <> 'deleting'`
        return yield* row === undefined
          ? Effect.fail(new ClipNotFound({ clipId: id }))
          : Effect.succeed(fromRow(row))
      }, orUnavailable)

      const getForRemoval = Effect.fn("Clips.getForRemoval")(function* (id: string) {
        const [row] = yield* sql<Omit<ClipRow, "state"> & { readonly state: ClipState | "deleting" }>`
          SELECT * FROM clips WHERE id = ${id}::uuid`
        if (row === undefined) return yield* new ClipNotFound({ clipId: id })
        return row.state === "deleting"
          ? { clip: fromRow({ ...row, state: "ready" }), isDeleting: true }
          : { clip: fromRow({ ...row, state: row.state }), isDeleting: false }
      }, orUnavailable)

      const upsert = (clip: Clip & { readonly content: ClipContent }) => sql`
        INSERT INTO clips (id, camera_id, name, state, is_exact, from_time, to_time, start_time, end_time,
          file_path, file_size, duration, gaps, sources, created_at)
        VALUES (${clip.id}::uuid, ${clip.cameraId}, ${clip.name}, 'ready', ${clip.isExact},
          ${new Date(clip.fromMillis)}, ${new Date(clip.toMillis)}, ${new Date(clip.content.startMillis)},
          ${new Date(clip.content.endMillis)}, ${clip.filePath}, ${BigInt(clip.content.sizeBytes)},
          ${clip.content.durationSeconds}, ${JSON.stringify(clip.content.gaps)}::jsonb,
          ${JSON.stringify(clip.content.sources)}::jsonb, ${new Date(clip.createdAtMillis)})
        ON CONFLICT (id) DO UPDATE SET
          state = excluded.state, start_time = excluded.start_time, end_time = excluded.end_time,
          file_size = excluded.file_size, duration = excluded.duration, gaps = excluded.gaps,
          sources = excluded.sources
        WHERE clips.state IN ('exporting', 'failed') RETURNING id`

      const restore = Effect.fn("Clips.restore")(
        (clip: Clip & { readonly content: ClipContent }) =>
          upsert(clip).pipe(
            Effect.map((rows) => rows.length > 0),
            Effect.catchIf(
              (error) => isSqlError(error) && !isUnavailable(error),
              ({ reason }) => new ClipRowRefused({ filePath: clip.filePath, reason: reason._tag }),
            ),
          ),
        orUnavailable,
      )

      const setEnded = Effect.fn("Clips.setEnded")(
        (id: string, state: "failed" | "cancelled", error: string | null) =>
          Effect.asVoid(sql`
            UPDATE clips SET state = ${state}, error = ${error} WHERE id = ${id}::uuid AND state = 'exporting'`),
        orUnavailable,
      )

      const markDeleting = Effect.fn("Clips.markDeleting")(
        (id: string) => Effect.asVoid(sql`UPDATE clips SET state = 'deleting' WHERE id = ${id}::uuid`),
        orUnavailable,
      )

      const remove = Effect.fn("Clips.remove")(
        (id: string) => Effect.asVoid(sql`DELETE FROM clips WHERE id = ${id}::uuid`),
        orUnavailable,
      )

      const unfinished = sql<Omit<ClipRow, "state"> & { readonly state: "exporting" | "deleting" }>`
        SELECT * FROM clips WHERE state IN ('exporting', 'deleting') ORDER BY created_at, id`.pipe(
        Effect.map((rows) => {
          const of = (state: string) =>
            rows.filter((row) => row.state === state).map((row) => fromRow({ ...row, state: "exporting" }))
          return { exporting: of("exporting"), deleting: of("deleting") }
        }),
        orUnavailable,
        Effect.withSpan("Clips.unfinished"),
      )

      const sources = Effect.fn("Clips.sources")(function* (
        cameraId: number,
        fromMillis: number,
        toMillis: number,
      ) {
        const rows = yield* sql<Omit<ClipSourceFile, "startMillis"> & { readonly startTime: Date }>`
          SELECT file_path, run_id, segment_number, state = 'growing' AS is_growing, start_time FROM recordings
          WHERE camera_id = ${cameraId} AND state <> 'missing'
            AND start_time < ${new Date(toMillis)}
            AND start_time > ${new Date(fromMillis - longestRecordingMillis)}
            AND (end_time > ${new Date(fromMillis)} OR state = 'growing')
          ORDER BY start_time, id`
        return rows.map(({ startTime, ...file }) => ({ ...file, startMillis: startTime.getTime() }))
      }, orUnavailable)

      return Clips.of({
        create,
        list,
        ready,
        get,
        getForRemoval,
        restore,
        setEnded,
        markDeleting,
        remove,
        unfinished,
        sources,
      })
    }),
  )
}
