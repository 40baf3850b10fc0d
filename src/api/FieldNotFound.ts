import * as Schema from "effect/Schema"
import type { CameraNotFound } from "../storage/Cameras.ts"
import type { OwnerNotFound } from "../storage/Owners.ts"

/** What a field of a request names is not there; nothing was changed. */
export class FieldNotFound extends Schema.TaggedError<FieldNotFound>()("FieldNotFound", {
  field: Schema.String,
  kind: Schema.Literals(["camera", "owner"]),
  id: Schema.Finite,
}) {}

/** Of a camera that this field names. */
export const noCameraIn =
  (field: string) =>
  ({ cameraId }: CameraNotFound): FieldNotFound =>
    new FieldNotFound({ field, kind: "camera", id: cameraId })

/** Of an owner whom this field names. */
export const noOwnerIn =
  (field: string) =>
  ({ ownerId }: OwnerNotFound): FieldNotFound =>
    new FieldNotFound({ field, kind: "owner", id: ownerId })
