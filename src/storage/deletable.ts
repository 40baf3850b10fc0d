import type * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"

/** The condition on `recordings` that may be deleted at all: no clips, nothing protected, nothing that grows. */
export const deletable = (sql: SqlClient.SqlClient): Fragment =>
  sql`NOT is_clip AND NOT is_protected AND state <> 'growing'`
