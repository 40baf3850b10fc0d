import * as Schema from "effect/Schema"

/** As many exports wait as may wait; nothing was begun. */
export class ExportsBusy extends Schema.TaggedError<ExportsBusy>()("ExportsBusy", {
  waiting: Schema.Int,
}) {}
