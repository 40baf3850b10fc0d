import type { Cause } from "./Cause.ts"

/** A span of wall time, half open: from `fromMillis` up to but not including `toMillis` (Unix milliseconds). */
export interface Span {
  readonly fromMillis: number
  readonly toMillis: number
}

/** A span in which an enabled camera was not recorded, and why. */
export interface Gap extends Span {
  readonly cause: Cause
}

/**
 * What the fragments on disk say about one segment (one file of a run), as of the last poll.
 *
 * Read from the file, never concluded from a process. `holes` are spans inside the segment in which
 * the camera sent no frame; they are gaps of cause `no_frames`.
 */
export interface SegmentSummary {
  readonly cameraId: number
  readonly runId: string
  /** FFmpeg's number of the file within its run, from 0. */
  readonly number: number
  /** Relative to the recordings directory: `cam_1/2026-01-14/15-20-07.mp4`. */
  readonly filePath: string
  readonly state: "growing" | "closed"
  /** Wall time of the first frame. */
  readonly startedAtMillis: number
  /** Wall time at which the last whole fragment ends. */
  readonly endedAtMillis: number
  /** Bytes up to the end of the last whole fragment. */
  readonly sizeBytes: number
  readonly fragments: number
  readonly frames: number
  /** Frames absent by the gaps in presentation times; null where the camera's frame rate is too irregular to tell. */
  readonly missingFrames: number | null
  /** RTP packets that never arrived, by FFmpeg's count; null where it tells none (TCP). */
  readonly lostPackets: number | null
  /** Frames of the file that lost packets may have damaged: an upper bound, not a count; null where `lostPackets` is. */
  readonly damagedFramesAtMost: number | null
  /** Sample entry of the video track: `avc1`, `hvc1`, `hev1`, ... */
  readonly videoSampleEntry: string
  /** `none`: no audio track; `missing`: a track without (recent) samples; `recorded`: samples arrive. */
  readonly audio: "none" | "missing" | "recorded"
  readonly holes: ReadonlyArray<Span>
  /** How far this machine's clock jumped between the previous segment of this run and this one; 0 if it did not. */
  readonly clockStepMillis: number
}
