import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Plan } from "../domain/Plan.ts"
import { type DatabaseUnavailable, orUnavailableWithin } from "./DatabaseUnavailable.ts"
import { deletable } from "./deletable.ts"

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

/** What of a camera has expired; cameras without anything expired have none. */
export interface ExpiredSum {
  readonly cameraId: number
  readonly files: number
  readonly bytes: number
  readonly oldestMillis: number
  readonly newestMillis: number
}

/** Recordings that a clock made which was ahead. */
export interface FutureRecordings {
  readonly files: number
  readonly fromMillis: number
  readonly toMillis: number
}

/** A clock that is only adjusted lets a file end ahead of it by less. */
const adjustedMillis = 60_000

/** A million rows are summed within some seconds; nobody else waits for it. */
const patience = "60 seconds"

/** What expires by the plans: never clips, protected or growing recordings, nor what is being deleted. */
export class ExpiredRecordings extends Context.Service<
  ExpiredRecordings,
  {
    readonly terms: Effect.Effect<ReadonlyArray<CameraTerms>, DatabaseUnavailable>
    /** `cutoffs` may be in any order, a camera in it once. */
    sums(cutoffs: ReadonlyArray<Cutoff>): Effect.Effect<ReadonlyArray<ExpiredSum>, DatabaseUnavailable>
    /** What would expire, but ends in the future: later than a minute from now. Null where there is none. */
    inFuture(nowMillis: number): Effect.Effect<FutureRecordings | null, DatabaseUnavailable>
  }
>()("vigia/storage/ExpiredRecordings") {
  static readonly layer: Layer.Layer<ExpiredRecordings, never, SqlClient.SqlClient> = Layer.effect(
    ExpiredRecordings,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ranges = (cutoffs: ReadonlyArray<Cutoff>) =>
        sql`jsonb_to_recordset(${JSON.stringify(
          cutoffs.map(({ cameraId, beforeMillis }) => ({
            camera: cameraId,
            before: new Date(beforeMillis).toISOString(),
          })),
        )}::jsonb) AS range (camera integer, before timestamptz)`

      const sums = Effect.fn("ExpiredRecordings.sums")(function* (cutoffs: ReadonlyArray<Cutoff>) {
        const rows = yield* sql<{
          cameraId: number
          files: bigint
          bytes: bigint
          oldest: Date
          newest: Date
        }>`
          SELECT camera AS camera_id, expired.* FROM ${ranges(cutoffs)} CROSS JOIN LATERAL (
            SELECT count(*) AS files, sum(file_size)::bigint AS bytes,
              min(start_time) AS oldest, max(end_time) AS newest
            FROM recordings WHERE camera_id = camera AND end_time < before AND ${deletable(sql)}) AS expired
          WHERE files > 0 ORDER BY camera`
        return rows.map((row) => ({
          cameraId: row.cameraId,
          files: Number(row.files),
          bytes: Number(row.bytes),
          oldestMillis: row.oldest.getTime(),
          newestMillis: row.newest.getTime(),
        }))
      }, orUnavailableWithin(patience))

      const inFuture = Effect.fn("ExpiredRecordings.inFuture")(function* (nowMillis: number) {
        const [row] = yield* sql<{ files: bigint; oldest: Date | null; newest: Date | null }>`
          SELECT sum(files)::bigint AS files, min(oldest) AS oldest, max(newest) AS newest
          FROM cameras CROSS JOIN LATERAL (
            SELECT count(*) AS files, min(start_time) AS oldest, max(end_time) AS newest FROM recordings
            WHERE camera_id = cameras.id AND end_time > ${new Date(nowMillis + adjustedMillis)} AND ${deletable(sql)}) AS future`
        if (row === undefined || row.oldest === null || row.newest === null) return null
        return {
          files: Number(row.files),
          fromMillis: row.oldest.getTime(),
          toMillis: row.newest.getTime(),
        }
      }, orUnavailableWithin(patience))

      return ExpiredRecordings.of({
        terms: sql<CameraTerms>`
          SELECT cameras.id AS camera_id, owner_id, plan, retention_days
          FROM cameras JOIN owners ON owners.id = owner_id ORDER BY cameras.id`.pipe(
          orUnavailableWithin(patience),
          Effect.withSpan("ExpiredRecordings.terms"),
        ),
        sums,
        inFuture,
      })
    }),
  )
}
