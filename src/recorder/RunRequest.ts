import type * as Effect from "effect/Effect"
import type { Camera, StreamProfile } from "../domain/Camera.ts"
import type { Cause } from "../domain/Cause.ts"
import type { Failure } from "./failure.ts"

/** `off`: video only, though the camera advertises audio. */
export type AudioChoice = "as_probed" | "off"

/** What one run records, and how. */
export interface RunRequest {
  readonly camera: Camera
  readonly audio: AudioChoice
  readonly probing: "fast" | "thorough"
  /** The remembered profile is wrong: probe first. */
  readonly probeAgain: boolean
  /** Makes sure that the camera's directory may be written; a failure ends the run before it began. */
  readonly prepare: Effect.Effect<Failure | null>
}

/** What happens in a run, in order; `run.exited` is the last event and comes exactly once. */
export type RunEvent =
  | { readonly type: "profile.probed"; readonly profile: StreamProfile }
  | {
      readonly type: "run.started"
      readonly runId: string
      readonly pid: number
      readonly audio: AudioChoice
    }
  /** Whole fragments are on disk; `atMillis` is the monotonic arrival of the latest. */
  | { readonly type: "fragments.written"; readonly atMillis: number }
  | { readonly type: "run.exited"; readonly failure: Failure; readonly atMillis: number }

/** Why a run is asked to end; `disabled` is the operator's doing. */
export type StopReason = Cause | "disabled"

/** A run that was asked for: it can be told to end, or left to the next request for the same camera. */
export interface RunHandle {
  /** Ends the run; `run.exited` follows when the process is gone. Asking twice does no harm. */
  readonly stop: (reason: StopReason) => void
  /** Stops listening without ending the process; the next request for the camera takes it over. */
  readonly abandon: () => void
}
