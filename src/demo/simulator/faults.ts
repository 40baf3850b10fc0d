import type { VideoClipName } from "./clipProfiles.ts"

/** Credentials a camera asks for; anything else is answered 401. */
export interface RequiredCredentials {
  readonly scheme: "basic" | "digest"
  readonly username: string
  readonly password: string
}

/**
 * Conditions that last until cleared. A camera has at most one of each kind; kinds combine.
 *
 * - `refuse`: the camera's own port is closed and its connections are reset. A camera without a port of its
 *   own accepts and resets at the first request.
 * - `silent`: connections are accepted, requests never answered. Present players go on.
 * - `slowDescribe`: DESCRIBE is answered after `delayMillis`.
 * - `credentials`: 401 without the right ones, on every method but OPTIONS. Clearing leaves the camera's own.
 * - `status`: this code instead of an answer to `method` (DESCRIBE unless given).
 * - `brokenSdp`: the description is unusable; packets come nevertheless. FFmpeg 5.1 waits for ever.
 * - `httpServer`: answers `HTTP/1.1 400` and closes; with `keepsOpen` it stays and answers everything so. FFmpeg
 *   5.1 then goes on talking for ever.
 * - `stall`: nothing is sent, RTSP is still answered. `hang`: nor that. Frames sent afterwards follow on in
 *   the picture, numbers and time have passed.
 * - `clockRate`: the camera's clock is fast (positive) or slow by so many parts per million.
 * - `frameSkip`: each frame is left out with this probability before encoding (of a clip with B-frames: only
 *   disposable frames): decoding stays clean, number and time pass. With `meanRunFrames` (1 unless given) frames are
 *   left out in runs of this mean length (geometric), as many in all.
 * - `packetLoss`: each RTP packet is left out with this probability; over TCP that is a gap in the sequence numbers. With
 *   `meanRunPackets` packets are lost in runs, too.
 * - `unsteadyRate`: each interval between frames is longer or shorter by a chance share of at most this (0 to 1).
 * - `audioSilent`: audio is described and set up, but neither packets nor reports of it are sent.
 */
export type Condition =
  | { readonly kind: "refuse" }
  | { readonly kind: "silent" }
  | { readonly kind: "slowDescribe"; readonly delayMillis: number }
  | { readonly kind: "credentials"; readonly credentials: RequiredCredentials }
  | { readonly kind: "status"; readonly statusCode: number; readonly method?: string }
  | { readonly kind: "brokenSdp" }
  | { readonly kind: "httpServer"; readonly keepsOpen?: boolean }
  | { readonly kind: "stall" }
  | { readonly kind: "hang" }
  | { readonly kind: "clockRate"; readonly partsPerMillion: number }
  | { readonly kind: "frameSkip"; readonly probability: number; readonly meanRunFrames?: number }
  | { readonly kind: "packetLoss"; readonly probability: number; readonly meanRunPackets?: number }
  | { readonly kind: "unsteadyRate"; readonly share: number }
  | { readonly kind: "audioSilent" }

/**
 * Things that happen once, when set.
 *
 * - `dropFin`, `dropReset`: ends every connection, orderly or by RST; new ones are welcome.
 * - `reboot`: resets every connection, refuses for `downMillis` (see `refuse`), returns with new SSRC,
 *   sequence numbers and timestamps. No frame exists meanwhile.
 * - `timestampJump`: the camera's clock steps, forward or back.
 * - `videoPause`: no frame exists for `durationMillis`; timestamps show the pause, frame numbers do not.
 * - `switchClip`: from the next keyframe another picture. Of the same codec: in-band parameter sets announce it
 *   to present players. Of another codec: connections end (FIN) and the description changes.
 */
export type Happening =
  | { readonly kind: "dropFin" }
  | { readonly kind: "dropReset" }
  | { readonly kind: "reboot"; readonly downMillis: number }
  | { readonly kind: "timestampJump"; readonly seconds: number }
  | { readonly kind: "videoPause"; readonly durationMillis: number }
  | { readonly kind: "switchClip"; readonly clip: VideoClipName }

export type Fault = Condition | Happening
export type ConditionKind = Condition["kind"]

/** Whether a fault lasts, or has happened once it is set. */
export const isHappening = (fault: Fault): fault is Happening => happenings.has(fault.kind)

const happenings: ReadonlySet<Fault["kind"]> = new Set<Happening["kind"]>([
  "dropFin",
  "dropReset",
  "reboot",
  "timestampJump",
  "videoPause",
  "switchClip",
])
