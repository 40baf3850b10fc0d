import * as Schema from "effect/Schema"

/** `GET /api/repair`. */
export const RepairAnswer = Schema.Struct({
  running: Schema.Boolean,
  last: Schema.NullOr(
    Schema.Struct({
      kind: Schema.Literals(["full", "incremental"]),
      started_at: Schema.String,
      ended_at: Schema.String,
      complete: Schema.Boolean,
      directories_listed: Schema.Int,
      files_examined: Schema.Int,
      rows: Schema.Int,
      adopted: Schema.Int,
      missing: Schema.Int,
      restored: Schema.Int,
      settled: Schema.Int,
      postponed: Schema.Int,
      unowned: Schema.Int,
      unowned_paths: Schema.Array(Schema.String),
      errors: Schema.Array(Schema.Struct({ path: Schema.NullOr(Schema.String), reason: Schema.String })),
      safety_stop: Schema.NullOr(Schema.Struct({ rows: Schema.Int, missing: Schema.Int })),
    }),
  ),
})
export type RepairAnswer = typeof RepairAnswer.Type
