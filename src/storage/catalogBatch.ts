import type { GapRow, PeriodRow, RecordingRow } from "./accounting/rows.ts"
import type { VanishedGap } from "./Gaps.ts"

/** Rows that are written together, in one transaction. */
export interface CatalogBatch {
  readonly recordings: ReadonlyArray<RecordingRow>
  readonly gaps: ReadonlyArray<GapRow | VanishedGap>
  readonly periods: ReadonlyArray<PeriodRow>
}

export const sizeOf = ({ recordings, gaps, periods }: CatalogBatch): number =>
  recordings.length + gaps.length + periods.length

/** The same rows, camera by camera. */
export const byCamera = (batch: CatalogBatch): ReadonlyMap<number, CatalogBatch> => {
  const rows = [...batch.periods, ...batch.recordings, ...batch.gaps]
  return new Map(
    [...new Set(rows.map(({ cameraId }) => cameraId))].map((cameraId) => {
      const isIts = (row: { readonly cameraId: number }): boolean => row.cameraId === cameraId
      return [
        cameraId,
        {
          recordings: batch.recordings.filter(isIts),
          gaps: batch.gaps.filter(isIts),
          periods: batch.periods.filter(isIts),
        },
      ]
    }),
  )
}

/** Rows in their order, as many at a time as one statement should write. */
export const pieces = <Row>(rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<Row>> =>
  Array.from({ length: Math.ceil(rows.length / statementRows) }, (_, at) =>
    rows.slice(at * statementRows, (at + 1) * statementRows),
  )

const statementRows = 2_000
