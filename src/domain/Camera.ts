import * as Schema from "effect/Schema"
import { OwnerId } from "./Owner.ts"

/** Identifies a camera; the `N` of its directory `cam_N`. Never reused. */
export const CameraId = Schema.Int.check(Schema.isGreaterThan(0))

/** How FFmpeg is to treat the audio of a camera: what probing found, never a guess. */
export const AudioPlan = Schema.Literals(["none", "copy", "transcode"])
export type AudioPlan = typeof AudioPlan.Type

/** What a probe of the camera found; remembered so that a restart needs no probe. */
export const StreamProfile = Schema.Struct({
  videoCodec: Schema.String,
  audioCodec: Schema.NullOr(Schema.String),
})
export type StreamProfile = typeof StreamProfile.Type

/** Transport of RTP: interleaved in the RTSP connection, or UDP datagrams. */
export const Transport = Schema.Literals(["tcp", "udp"])
export type Transport = typeof Transport.Type

/**
 * An RTSP source with an owner. `url` may hold a password: it leaves the service only redacted.
 */
export const Camera = Schema.Struct({
  id: CameraId,
  ownerId: OwnerId,
  name: Schema.String,
  url: Schema.Redacted(Schema.String),
  transport: Transport,
  recordingEnabled: Schema.Boolean,
  profile: Schema.NullOr(StreamProfile),
  createdAtMillis: Schema.Finite,
})
export type Camera = typeof Camera.Type
