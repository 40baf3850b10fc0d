import * as Schema from "effect/Schema"
import type { Trial } from "./Trial.ts"

/** A row as JSON, and those of its columns by which rows are chosen. */
export interface CatalogRow {
  readonly json: string
  readonly cameraId: number
  readonly fromMillis: number
  /** Null while it is open. */
  readonly toMillis: number | null
  readonly isSettled: boolean
  readonly cause: string | null
}

const Row = Schema.Struct({
  camera_id: Schema.Int,
  start_time: Schema.String,
  end_time: Schema.NullOr(Schema.String),
  state: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.String),
})
const decodeRow = Schema.decodeUnknownSync(Row)

const rowsOf = async (trial: Trial, table: "recordings" | "gaps"): Promise<ReadonlyArray<CatalogRow>> => {
  const rows = await trial.service.rows(`SELECT * FROM ${table} ORDER BY id`)
  return rows.map((row) => {
    const { camera_id, start_time, end_time, state, cause } = decodeRow(row)
    return {
      json: JSON.stringify(row),
      cameraId: camera_id,
      fromMillis: Date.parse(start_time),
      toMillis: end_time === null ? null : Date.parse(end_time),
      isSettled: state === undefined ? end_time !== null : state === "closed",
      cause: cause ?? null,
    }
  })
}

/** All rows of files and gaps, with every column, in the order in which they were made. */
export const catalogRows = async (
  trial: Trial,
): Promise<{ readonly recordings: ReadonlyArray<CatalogRow>; readonly gaps: ReadonlyArray<CatalogRow> }> => ({
  recordings: await rowsOf(trial, "recordings"),
  gaps: await rowsOf(trial, "gaps"),
})

/** Those of the earlier rows that are not there any more just as they were. */
export const changedRows = (
  earlier: ReadonlyArray<CatalogRow>,
  later: ReadonlyArray<CatalogRow>,
): ReadonlyArray<string> => {
  const present = new Set(later.map(({ json }) => json))
  return earlier.map(({ json }) => json).filter((json) => !present.has(json))
}
