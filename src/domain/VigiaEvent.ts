import * as Struct from "effect/Struct"
import type { Alert } from "./Alert.ts"
import type { Cause } from "./Cause.ts"

interface OfCamera {
  readonly cameraId: number
}

/** Something that happened and that people or programs outside may want to hear of; free of secrets. */
export type VigiaEvent =
  | (OfCamera & {
      readonly type: "camera.state_changed"
      readonly from: string
      readonly to: string
      readonly cause: Cause | null
      readonly detail: string
      /** How long the camera was in the state that it left. */
      readonly lastedMillis: number
    })
  | (OfCamera & {
      readonly type: "segment.opened" | "segment.closed"
      /** Relative to the recordings directory. */
      readonly filePath: string
      readonly startMillis: number
      /** Of the last fragment. */
      readonly endMillis: number
      readonly sizeBytes: number
    })
  | (OfCamera & { readonly type: "gap.began"; readonly cause: Cause; readonly startMillis: number })
  | (OfCamera & {
      readonly type: "gap.ended"
      readonly cause: Cause
      readonly startMillis: number
      readonly endMillis: number
    })
  | { readonly type: "alert.raised" | "alert.ended" | "alert.acknowledged"; readonly alert: Alert }
  | (OfCamera & {
      readonly type: "recordings.evicted"
      readonly reason: "disk" | "quota"
      readonly ownerId: number | null
      readonly files: number
      readonly sizeBytes: number
      readonly fromMillis: number
      readonly toMillis: number
    })
  | (OfCamera & {
      readonly type: "clip.ready" | "clip.failed" | "clip.deleted"
      readonly clipId: string
      readonly name: string
    })

export type VigiaEventType = VigiaEvent["type"]

/** All types of events: one that is missing here, or is none, does not compile. */
export const vigiaEventTypes: ReadonlyArray<VigiaEventType> = Struct.keys({
  "camera.state_changed": true,
  "segment.opened": true,
  "segment.closed": true,
  "gap.began": true,
  "gap.ended": true,
  "alert.raised": true,
  "alert.ended": true,
  "alert.acknowledged": true,
  "recordings.evicted": true,
  "clip.ready": true,
  "clip.failed": true,
  "clip.deleted": true,
} satisfies Record<VigiaEventType, true>)
