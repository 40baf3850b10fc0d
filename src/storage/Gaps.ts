import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Cause } from "../domain/Cause.ts"
import type { GapRow } from "./accounting/rows.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { overlappingGaps } from "./overlappingGaps.ts"

export interface GapColumns {
  readonly cameraId: number
  readonly identity: string
  readonly startTime: Date
  readonly endTime: Date | null
  readonly cause: Cause
  readonly detail: string | null
}

export const gapFrom = (row: GapColumns): GapRow => ({
  cameraId: row.cameraId,
  identity: row.identity,
  startMillis: row.startTime.getTime(),
  endMillis: row.endTime?.getTime() ?? null,
  cause: row.cause,
  detail: row.detail,
})

/** A gap that turned out to be none. */
export interface VanishedGap {
  readonly cameraId: number
  readonly identity: string
  readonly startMillis: null
}

const toJson = (row: GapRow | VanishedGap) => ({
  camera_id: row.cameraId,
  identity: row.identity,
  start_time: row.startMillis === null ? null : new Date(row.startMillis).toISOString(),
  end_time: row.startMillis === null || row.endMillis === null ? null : new Date(row.endMillis).toISOString(),
  cause: row.startMillis === null ? null : row.cause,
  detail: row.startMillis === null ? null : row.detail,
})

/** The spans in which enabled cameras were not recorded, with their causes. */
export class Gaps extends Context.Service<
  Gaps,
  {
    /** Gaps of a camera that overlap [`fromMillis`, `toMillis`), in ascending order; an open one has no end. */
    list(
      cameraId: number,
      fromMillis: number,
      toMillis: number,
    ): Effect.Effect<ReadonlyArray<GapRow>, DatabaseUnavailable>
    /** One statement for the rows of all cameras: writes those that are, removes those that vanished. */
    upsertMany(rows: ReadonlyArray<GapRow | VanishedGap>): Effect.Effect<void, SqlError>
  }
>()("vigia/storage/Gaps") {
  static readonly layer: Layer.Layer<Gaps, never, SqlClient.SqlClient> = Layer.effect(
    Gaps,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const list = Effect.fn("Gaps.list")(function* (cameraId: number, fromMillis: number, toMillis: number) {
        const rows = yield* sql<GapColumns>`
          SELECT * FROM gaps
          WHERE ${overlappingGaps(sql, cameraId, fromMillis, toMillis)}
          ORDER BY start_time, id`
        return rows.map(gapFrom)
      }, orUnavailable)

      const upsertMany = Effect.fn("Gaps.upsertMany")((rows: ReadonlyArray<GapRow | VanishedGap>) =>
        Effect.asVoid(sql`
          WITH row AS (
            SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows.map(toJson))}::jsonb) AS row (
              camera_id integer, identity text, start_time timestamptz, end_time timestamptz, cause text, detail text)
          ), vanished AS (
            DELETE FROM gaps WHERE identity IN (SELECT identity FROM row WHERE start_time IS NULL)
          )
          INSERT INTO gaps (camera_id, identity, start_time, end_time, cause, detail)
          SELECT * FROM row WHERE start_time IS NOT NULL
          ON CONFLICT (identity) DO UPDATE SET
            camera_id = excluded.camera_id, start_time = excluded.start_time, end_time = excluded.end_time,
            cause = excluded.cause, detail = excluded.detail`),
      )

      return Gaps.of({ list, upsertMany })
    }),
  )
}
