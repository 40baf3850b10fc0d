import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Plan } from "../domain/Plan.ts"
import { type DatabaseUnavailable, orUnavailableWithin } from "./DatabaseUnavailable.ts"

/** How long recordings of a camera are kept; of removed cameras too. */
export interface CameraTerms {
  readonly cameraId: number
  readonly ownerId: number
  readonly plan: Plan
  /** What the camera itself asks for, in days; null for what the plan says. */
  readonly retentionDays: number | null
}

/** Recordings of a camera that ended before `beforeMillis` have expired. */
export interface Cutoff {
  readonly cameraId: number
  readonly beforeMillis: number
}

export interface ExpiredRecording {
  readonly id: number
  readonly cameraId: number
  readonly filePath: string
  readonly sizeBytes: number
  readonly startMillis: number
  readonly endMillis: number
}

/** Where the next page begins; `endTime` as PostgreSQL writes it, to the microsecond. */
export interface ExpiredCursor {
  readonly cameraId: number
  readonly endTime: string
  readonly id: number
}

export interface ExpiredPage {
  readonly recordings: ReadonlyArray<ExpiredRecording>
  /** Null on the last page. */
  readonly next: ExpiredCursor | null
}

/** What of a camera has expired; cameras without anything expired have none. */
export interface ExpiredSum {
  readonly cameraId: number
  readonly files: number
  readonly bytes: number
  readonly oldestMillis: number
  readonly newestMillis: number
}

interface ExpiredColumns {
  readonly id: bigint
  readonly cameraId: number
  readonly filePath: string
  readonly fileSize: bigint
  readonly startTime: Date
  readonly endTime: Date
  readonly endText: string
}

/** A million rows are summed within some seconds; nobody else waits for it. */
const patience = "60 seconds"

const longAgo = "-infinity"

/** What expires by the plans: never clips, protected or growing recordings, nor what is being deleted. */
export class ExpiredRecordings extends Context.Service<
  ExpiredRecordings,
  {
    readonly terms: Effect.Effect<ReadonlyArray<CameraTerms>, DatabaseUnavailable>
    /** By camera, the oldest first; `cutoffs` may be in any order, a camera in it once. */
    page(
      cutoffs: ReadonlyArray<Cutoff>,
      after: ExpiredCursor | null,
      limit: number,
    ): Effect.Effect<ExpiredPage, DatabaseUnavailable>
    sums(cutoffs: ReadonlyArray<Cutoff>): Effect.Effect<ReadonlyArray<ExpiredSum>, DatabaseUnavailable>
  }
>()("vigia/storage/ExpiredRecordings") {
  static readonly layer: Layer.Layer<ExpiredRecordings, never, SqlClient.SqlClient> = Layer.effect(
    ExpiredRecordings,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const mayGo = sql`NOT is_clip AND NOT is_protected AND deleting_at IS NULL AND state <> 'growing'`

      const ranges = (cutoffs: ReadonlyArray<Cutoff>, after: ExpiredCursor | null) =>
        sql`jsonb_to_recordset(${JSON.stringify(
          cutoffs
            .filter(({ cameraId }) => after === null || cameraId >= after.cameraId)
            .map(({ cameraId, beforeMillis }) => ({
              camera: cameraId,
              before: new Date(beforeMillis).toISOString(),
              after_time: cameraId === after?.cameraId ? after.endTime : longAgo,
              after_id: cameraId === after?.cameraId ? after.id : 0,
            })),
        )}::jsonb) AS range (camera integer, before timestamptz, after_time timestamptz, after_id bigint)`

      const page = Effect.fn("ExpiredRecordings.page")(function* (
        cutoffs: ReadonlyArray<Cutoff>,
        after: ExpiredCursor | null,
        limit: number,
      ) {
        const rows = yield* sql<ExpiredColumns>`
          SELECT expired.* FROM ${ranges(cutoffs, after)} CROSS JOIN LATERAL (
            SELECT id, camera_id, file_path, file_size, start_time, end_time, end_time::text AS end_text
            FROM recordings
            WHERE camera_id = camera AND end_time < before AND end_time >= after_time
              AND (end_time, id) > (after_time, after_id) AND ${mayGo}
            ORDER BY end_time, id LIMIT ${limit}) AS expired
          ORDER BY camera_id, end_time, id LIMIT ${limit}`
        const last = rows.at(-1)
        return {
          recordings: rows.map((row) => ({
            id: Number(row.id),
            cameraId: row.cameraId,
            filePath: row.filePath,
            sizeBytes: Number(row.fileSize),
            startMillis: row.startTime.getTime(),
            endMillis: row.endTime.getTime(),
          })),
          next:
            rows.length < limit || last === undefined
              ? null
              : { cameraId: last.cameraId, endTime: last.endText, id: Number(last.id) },
        }
      }, orUnavailableWithin(patience))

      const sums = Effect.fn("ExpiredRecordings.sums")(function* (cutoffs: ReadonlyArray<Cutoff>) {
        const rows = yield* sql<{
          cameraId: number
          files: bigint
          bytes: bigint
          oldest: Date
          newest: Date
        }>`
          SELECT camera AS camera_id, count(*) AS files, sum(file_size)::bigint AS bytes,
            min(start_time) AS oldest, max(end_time) AS newest
          FROM ${ranges(cutoffs, null)} JOIN recordings ON camera_id = camera AND end_time < before AND ${mayGo}
          GROUP BY camera ORDER BY camera`
        return rows.map((row) => ({
          cameraId: row.cameraId,
          files: Number(row.files),
          bytes: Number(row.bytes),
          oldestMillis: row.oldest.getTime(),
          newestMillis: row.newest.getTime(),
        }))
      }, orUnavailableWithin(patience))

      return ExpiredRecordings.of({
        terms: sql<CameraTerms>`
          SELECT cameras.id AS camera_id, owner_id, plan, retention_days
          FROM cameras JOIN owners ON owners.id = owner_id ORDER BY cameras.id`.pipe(
          orUnavailableWithin(patience),
          Effect.withSpan("ExpiredRecordings.terms"),
        ),
        page,
        sums,
      })
    }),
  )
}
