import type { Cause } from "../src/domain/Cause.ts"
import type { CameraFact, CameraInput, CameraStateName, StandingAlert } from "./cameraContract.ts"
import type { AudioChoice, Probing, Remedy, StartReason } from "./recorderContract.ts"
import { freshRestartState, type RestartState } from "./restartPolicy.ts"

/** What a camera actor remembers. Times are monotonic milliseconds. */
export interface CameraContext extends Omit<CameraInput, "enabled"> {
  readonly enabledAtStart: boolean
  /** Runs started since the actor was created. */
  readonly attempt: number
  /** Those of them that nobody asked for by enabling the camera. */
  readonly restarts: number
  readonly runId: string | null
  readonly pid: number | null
  /** How the present run was started, or the next one will be. */
  readonly audio: AudioChoice
  readonly probing: Probing
  readonly probeAgain: boolean
  readonly reason: StartReason
  readonly firstFragmentAtMillis: number | null
  readonly lastFragmentAtMillis: number | null
  /** When to look again for missing audio; null while audio is not known to be missing. */
  readonly audioRetryAtMillis: number | null
  /** The present run had a healthy spell. */
  readonly healthy: boolean
  /** Since the present run was started the disk was said to have room again. */
  readonly roomReturned: boolean
  /** Of the last failure. */
  readonly cause: Cause | null
  readonly detail: string
  readonly restart: RestartState
  /** Between the end of the last run and the next try. */
  readonly delayMillis: number | null
  readonly alerts: ReadonlyArray<StandingAlert>
  readonly state: CameraStateName
  readonly sinceMillis: number
}

/** A step of the context together with what it tells the outside. */
export interface CameraStep {
  readonly changes: Partial<CameraContext>
  readonly facts: ReadonlyArray<CameraFact>
}

export interface CameraFailure {
  readonly cause: Cause
  readonly detail: string
  readonly permanent: boolean
  readonly remedy: Remedy
  readonly atMillis: number
}

export function initialContext({ enabled, ...input }: CameraInput): CameraContext {
  return {
    ...input,
    enabledAtStart: enabled,
    attempt: 0,
    restarts: 0,
    runId: null,
    pid: null,
    audio: "as_probed",
    probing: "fast",
    probeAgain: false,
    reason: "enabled",
    firstFragmentAtMillis: null,
    lastFragmentAtMillis: null,
    audioRetryAtMillis: null,
    healthy: false,
    roomReturned: false,
    cause: null,
    detail: "",
    restart: freshRestartState,
    delayMillis: null,
    alerts: [],
    state: "idle",
    sinceMillis: input.nowMillis(),
  }
}
