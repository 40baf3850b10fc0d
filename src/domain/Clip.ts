import type { Span } from "./Segment.ts"

/**
 * How far a clip is.
 *
 * `exporting`: its file is not there yet. `failed` and `cancelled` leave no file. A clip that is being deleted is
 * listed no more.
 */
export type ClipState = "exporting" | "ready" | "failed" | "cancelled"

/** Why a clip that is ready is not on the disk as it was exported: its file is gone, or is another one. */
export type ClipFault = "missing" | "damaged"

/** A span of the asked range that no frame of the clip shows; `stopped`: nothing was to be recorded. */
export interface ClipGap extends Span {
  readonly cause: string
}

/** What of a recording went into a clip: times are media times of that file, in seconds. */
export interface ClipSource {
  readonly filePath: string
  readonly fromSeconds: number
  readonly toSeconds: number
}

/** What the file of a clip holds. */
export interface ClipContent {
  /** Wall time of the first and after the last frame shown. */
  readonly startMillis: number
  readonly endMillis: number
  readonly sizeBytes: number
  /** Of the file: the gaps are cut out. */
  readonly durationSeconds: number
  readonly gaps: ReadonlyArray<ClipGap>
  readonly sources: ReadonlyArray<ClipSource>
}

/** What was asked for. */
export interface ClipRequest extends Span {
  readonly cameraId: number
  readonly name: string
  /** Shows nothing before `fromMillis`; otherwise the clip begins at the keyframe before it. */
  readonly isExact: boolean
}

/** An export of a range of a camera's recordings into a file that only a person deletes. */
export interface Clip extends ClipRequest {
  /** A UUID. */
  readonly id: string
  readonly state: ClipState
  /** Relative to the recordings directory: `cam_1/clips/front-door.mp4`. */
  readonly filePath: string
  /** Null unless it is ready. */
  readonly content: ClipContent | null
  /** Why it failed. */
  readonly error: string | null
  readonly createdAtMillis: number
}
