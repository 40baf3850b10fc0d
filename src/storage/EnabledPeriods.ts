import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { PeriodRow } from "./accounting/rows.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"

export interface PeriodColumns {
  readonly cameraId: number
  readonly startTime: Date
  readonly endTime: Date | null
}

export const periodFrom = (row: PeriodColumns): PeriodRow => ({
  cameraId: row.cameraId,
  startMillis: row.startTime.getTime(),
  endMillis: row.endTime?.getTime() ?? null,
})

const toJson = (row: PeriodRow) => ({
  camera_id: row.cameraId,
  start_time: new Date(row.startMillis).toISOString(),
  end_time: row.endMillis === null ? null : new Date(row.endMillis).toISOString(),
})

/** The times in which cameras were to be recorded. */
export class EnabledPeriods extends Context.Service<
  EnabledPeriods,
  {
    /** Periods of a camera that overlap [`fromMillis`, `toMillis`), in ascending order. */
    list(
      cameraId: number,
      fromMillis: number,
      toMillis: number,
    ): Effect.Effect<ReadonlyArray<PeriodRow>, DatabaseUnavailable>
    /** One statement for the rows of all cameras. */
    upsertMany(rows: ReadonlyArray<PeriodRow>): Effect.Effect<void, SqlError>
  }
>()("vigia/storage/EnabledPeriods") {
  static readonly layer: Layer.Layer<EnabledPeriods, never, SqlClient.SqlClient> = Layer.effect(
    EnabledPeriods,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const list = Effect.fn("EnabledPeriods.list")(function* (
        cameraId: number,
        fromMillis: number,
        toMillis: number,
      ) {
        const rows = yield* sql<PeriodColumns>`
          SELECT * FROM enabled_periods
          WHERE camera_id = ${cameraId} AND start_time < ${new Date(toMillis)}
            AND (end_time IS NULL OR end_time > ${new Date(fromMillis)})
          ORDER BY start_time`
        return rows.map(periodFrom)
      }, orUnavailable)

      const upsertMany = Effect.fn("EnabledPeriods.upsertMany")((rows: ReadonlyArray<PeriodRow>) =>
        Effect.asVoid(sql`
          INSERT INTO enabled_periods (camera_id, start_time, end_time)
          SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows.map(toJson))}::jsonb) AS row (
            camera_id integer, start_time timestamptz, end_time timestamptz)
          ON CONFLICT (camera_id, start_time) DO UPDATE SET end_time = excluded.end_time`),
      )

      return EnabledPeriods.of({ list, upsertMany })
    }),
  )
}
