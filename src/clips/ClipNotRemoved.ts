import * as Schema from "effect/Schema"

/** The file of a clip is still on the disk, or may be; `reason` is that of the disk. */
export class ClipNotRemoved extends Schema.TaggedError<ClipNotRemoved>()("ClipNotRemoved", {
  reason: Schema.String,
}) {
  override get message(): string {
    return `The disk refuses: ${this.reason}`
  }
}
