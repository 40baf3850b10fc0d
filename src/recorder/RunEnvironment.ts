import type * as Effect from "effect/Effect"
import type { SegmentWatcher } from "./segments/SegmentWatcher.ts"
import type { StopTimes } from "./stopTimes.ts"
import type { RecordingSettings } from "./runCommand.ts"

/** What all runs of a service share. */
export interface RecorderSettings extends RecordingSettings {
  readonly ffmpegPath: string
  readonly ffprobePath: string
  /** Absolute, as is the state directory. */
  readonly recordingDirectory: string
  readonly stateDirectory: string
  readonly stopTimes?: StopTimes
}

/** What a run needs of the recorder it belongs to. */
export interface RunEnvironment {
  readonly settings: RecorderSettings
  readonly stopTimes: StopTimes
  readonly watcher: SegmentWatcher
  /** From the file system's own figures. */
  readonly diskFull: Effect.Effect<boolean>
  /** Wall time, for the record and the segments of the run. */
  readonly nowMillis: () => number
}
