import type * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"

/** Gaps that last longer are in an index of their own, `gaps_long`. */
const shortGapMillis = 25 * 3_600_000

/**
 * The condition on `gaps` of one camera that overlap [`fromMillis`, `toMillis`).
 *
 * Without the bound on the beginning of short ones all gaps since the camera's first would be read.
 */
export const overlappingGaps = (
  sql: SqlClient.SqlClient,
  cameraId: number,
  fromMillis: number,
  toMillis: number,
): Fragment => {
  const from = new Date(fromMillis)
  return sql`camera_id = ${cameraId} AND start_time < ${new Date(toMillis)}
    AND (end_time IS NULL OR end_time > ${from})
    AND (start_time > ${new Date(fromMillis - shortGapMillis)}
      OR end_time IS NULL OR end_time - start_time > '25 hours')`
}
