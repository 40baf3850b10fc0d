import * as Schema from "effect/Schema"

/** A clip that cannot be made as asked; `field` names what is wrong in the request, and nothing was begun. */
export class ClipRefused extends Schema.TaggedError<ClipRefused>()("ClipRefused", {
  field: Schema.String,
  message: Schema.String,
}) {}
