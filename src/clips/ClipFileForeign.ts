import * as Schema from "effect/Schema"

/** The file that a clip should have belongs to another clip, as its sidecar says; nothing was deleted. */
export class ClipFileForeign extends Schema.TaggedError<ClipFileForeign>()("ClipFileForeign", {
  filePath: Schema.String,
}) {}
