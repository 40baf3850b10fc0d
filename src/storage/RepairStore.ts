import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { SegmentSummary } from "../domain/Segment.ts"
import { type DatabaseUnavailable, isUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { type GapColumns, gapFrom, Gaps } from "./Gaps.ts"
import { type RecordingColumns, recordingFrom, Recordings } from "./Recordings.ts"
import { messageOf, RowsRejected } from "./RowsRejected.ts"
import { type FoundRow, missingGap, missingIdentity, rowsOfAdopted, rowsOfReread } from "./repairedRows.ts"
import { transaction } from "./transaction.ts"

/** A camera of the catalog, also one that was removed. */
export interface CatalogCamera {
  readonly id: number
  readonly identity: string
}

/**
 * The rows of one directory, as one compact text: a line per row, of its state, its size and its name, as in
 * `c1048576 15-00-00`.
 *
 * States: `c` closed, `t` closed, and the tail of its file was lost, `g` growing, `m` missing, `d` being deleted. `directory` is the name
 * of a day (`2026-01-14`), and names are then without `.mp4`; it is empty for rows of any other path, which are named
 * by their whole path.
 */
export interface DirectoryRows {
  readonly directory: string
  readonly text: string
}

/** What a repair found on disk and writes down, in one transaction. */
export interface RepairedFiles {
  /** Files without a row. */
  readonly adopted: ReadonlyArray<SegmentSummary>
  /** Files whose row was wrong, as they are. */
  readonly reread: ReadonlyArray<SegmentSummary>
}

/** The database as the repair uses it: it adds and corrects rows, and deletes none but gaps that are none. */
export class RepairStore extends Context.Service<
  RepairStore,
  {
    readonly cameras: Effect.Effect<ReadonlyArray<CatalogCamera>, DatabaseUnavailable>
    /** Ids of the cameras with rows that every repair looks at: `growing` and `missing` ones. */
    readonly unsettledCameras: Effect.Effect<ReadonlyArray<number>, DatabaseUnavailable>
    /** Rows of a camera; where `days` are given, only theirs and those that every repair looks at. No clips. */
    rowsOf(
      cameraId: number,
      days: ReadonlyArray<string> | null,
    ): Effect.Effect<ReadonlyArray<DirectoryRows>, DatabaseUnavailable>
    /** How many rows stand for files that are believed to be there; clips are not counted. */
    readonly presentRows: Effect.Effect<number, DatabaseUnavailable>
    write(files: RepairedFiles): Effect.Effect<void, DatabaseUnavailable | RowsRejected>
    /** Marks the rows of these paths, and accounts for their time; answers how many were not marked before. */
    markMissing(filePaths: ReadonlyArray<string>): Effect.Effect<number, DatabaseUnavailable>
  }
>()("vigia/storage/RepairStore") {
  static readonly layerNoDeps: Layer.Layer<RepairStore, never, SqlClient.SqlClient | Recordings | Gaps> =
    Layer.effect(
      RepairStore,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const recordings = yield* Recordings
        const gaps = yield* Gaps

        const these = (texts: ReadonlyArray<string>) =>
          sql`(SELECT jsonb_array_elements_text(${JSON.stringify(texts)}::jsonb))`

        const rowsOf = Effect.fn("RepairStore.rowsOf")(function* (
          cameraId: number,
          days: ReadonlyArray<string> | null,
        ) {
          const dayAt = `cam_${cameraId}/`.length + 1
          const isOfDay = sql`file_path LIKE ${`cam\\_${cameraId}/____-__-__/__-__-__.mp4`}`
          const wanted =
            days === null
              ? sql`true`
              : sql`(state IN ('growing', 'missing') OR substr(file_path, ${dayAt}::int, 10) IN ${these(days)})`
          return yield* sql<DirectoryRows>`
            WITH rows AS (
              SELECT file_path, file_size, state FROM recordings
              WHERE camera_id = ${cameraId} AND NOT is_clip AND ${wanted}
              UNION ALL SELECT file_path, file_size, 'deleting' FROM deletions WHERE camera_id = ${cameraId} AND ${wanted})
            SELECT CASE WHEN ${isOfDay} THEN substr(file_path, ${dayAt}::int, 10) ELSE '' END AS directory,
              string_agg(
                CASE WHEN state <> 'closed' THEN left(state, 1)
                  WHEN file_path IN (SELECT substr(identity, ${missingIdentity("").length + 1}::int) FROM gaps
                    WHERE camera_id = ${cameraId} AND cause = 'file_missing') THEN 't'
                  ELSE 'c' END
                || file_size::text || ' '
                || CASE WHEN ${isOfDay} THEN substr(file_path, ${dayAt + 11}::int, 8) ELSE file_path END, E'\n') AS text
            FROM rows GROUP BY 1`
        }, orUnavailable)

        /** Locks the rows; a gap that accounts for the file already goes with its row. */
        const foundRows = Effect.fnUntraced(function* (filePaths: ReadonlyArray<string>) {
          const rows = yield* sql<RecordingColumns>`
            SELECT * FROM recordings
            WHERE file_path IN ${these(filePaths)} FOR UPDATE`
          const known = yield* sql<GapColumns>`
            SELECT * FROM gaps WHERE identity IN ${these(filePaths.map(missingIdentity))}`
          const gapOf = new Map(known.map((columns) => [columns.identity, gapFrom(columns)]))
          return rows.map((columns): FoundRow => ({
            row: recordingFrom(columns),
            gap: gapOf.get(missingIdentity(columns.filePath)) ?? null,
          }))
        })

        const write = Effect.fn("RepairStore.write")(
          function* ({ adopted, reread }: RepairedFiles) {
            const found = yield* foundRows(reread.map(({ filePath }) => filePath))
            const summaryOf = new Map(reread.map((summary) => [summary.filePath, summary]))
            const rows = [
              ...adopted.map(rowsOfAdopted),
              ...found.flatMap((one) => {
                const summary = summaryOf.get(one.row.filePath)
                return summary === undefined ? [] : [rowsOfReread(one, summary)]
              }),
            ]
            if (rows.length === 0) return
            // Only a repair may say that a missing file is back (see `Recordings.upsertMany`).
            yield* sql`UPDATE recordings SET state = 'closed'
              WHERE state = 'missing' AND file_path IN ${these(rows.map(({ recording }) => recording.filePath))}`
            yield* recordings.upsertMany(rows.map(({ recording }) => recording))
            yield* gaps.upsertMany(rows.flatMap((one) => one.gaps))
          },
          transaction(sql),
          Effect.catchIf(
            (error) => !isUnavailable(error),
            (error) => Effect.fail(new RowsRejected({ reason: messageOf(error) })),
          ),
          orUnavailable,
        )

        const markMissing = Effect.fn("RepairStore.markMissing")(
          function* (filePaths: ReadonlyArray<string>) {
            const found = (yield* foundRows(filePaths)).filter(({ row }) => row.state !== "missing")
            if (found.length === 0) return 0
            yield* sql`UPDATE recordings SET state = 'missing'
              WHERE file_path IN ${these(found.map(({ row }) => row.filePath))}`
            yield* gaps.upsertMany(found.map(missingGap))
            return found.length
          },
          transaction(sql),
          orUnavailable,
        )

        return RepairStore.of({
          cameras: sql<CatalogCamera>`SELECT id, identity FROM cameras ORDER BY id`.pipe(
            orUnavailable,
            Effect.withSpan("RepairStore.cameras"),
          ),
          unsettledCameras: sql<{ cameraId: number }>`
            SELECT DISTINCT camera_id FROM recordings WHERE state = 'growing' OR state = 'missing'`.pipe(
            Effect.map((rows) => rows.map(({ cameraId }) => cameraId)),
            orUnavailable,
            Effect.withSpan("RepairStore.unsettledCameras"),
          ),
          rowsOf,
          presentRows: sql<{ rows: bigint }>`
            SELECT count(*) AS rows FROM recordings
            WHERE NOT is_clip AND state <> 'missing'`.pipe(
            Effect.map(([counted]) => Number(counted?.rows ?? 0)),
            orUnavailable,
            Effect.withSpan("RepairStore.presentRows"),
          ),
          write,
          markMissing,
        })
      }),
    )

  static readonly layer: Layer.Layer<RepairStore, never, SqlClient.SqlClient> = this.layerNoDeps.pipe(
    Layer.provide([Recordings.layer, Gaps.layer]),
  )
}
