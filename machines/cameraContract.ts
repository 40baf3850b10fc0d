import type { AnyActorRef } from "xstate"
import type { Cause } from "../src/domain/Cause.ts"
import type { RecorderEvent } from "./recorderContract.ts"
import type { RestartPolicySettings } from "./restartPolicy.ts"

export interface CameraDelays {
  /** From the start of a run to its first fragment. */
  readonly connectTimeoutMillis: number
  /** From one fragment to the next. */
  readonly stallTimeoutMillis: number
  /** Between two looks for missing audio. */
  readonly audioRetryMillis: number
}

export const defaultCameraDelays: CameraDelays = {
  connectTimeoutMillis: 30_000,
  stallTimeoutMillis: 10_000,
  audioRetryMillis: 3_600_000,
}

/** What every camera of a service shares: settings, chance and the monotonic clock. */
export interface CameraSettings {
  readonly policy: RestartPolicySettings
  readonly delays: CameraDelays
  /** In [0, 1). */
  readonly random: () => number
  /** Monotonic milliseconds of the same clock that runs the machine's timers. */
  readonly nowMillis: () => number
}

export interface CameraInput extends CameraSettings {
  readonly cameraId: number
  /** Connect at once, or wait in `idle`. */
  readonly enabled: boolean
  /** Told `camera.released` when no run is left; null where nobody waits. */
  readonly supervisor: AnyActorRef | null
}

/** What a camera is told by the outside. */
export type CameraCommand =
  | { readonly type: "camera.enabled" }
  | { readonly type: "camera.disabled" }
  /** Its URL, codec or another setting changed: end the run and start anew at once. */
  | { readonly type: "camera.reconfigured" }
  /** Somebody saw audio arrive from a camera that records without. */
  | { readonly type: "audio.found" }
  /** Runs are refused for want of room no more: who waits for it tries again at once. */
  | { readonly type: "room.returned" }

export type CameraEvent = CameraCommand | RecorderEvent

/** A disabled camera has no run left. Repeated for every `camera.disabled`, so that asking twice is safe. */
export interface CameraReleased {
  readonly type: "camera.released"
  readonly cameraId: number
}

export type CameraStateName = "idle" | "connecting" | "recording" | "backoff" | "stopped"

/**
 * - `permanent_cause`: only a person can end it (wrong password, unknown path, unsupported codec)
 * - `restart_intensity`: too many failures; retried slowly until a healthy spell
 * - `audio_missing`: recorded without the audio that the camera advertises
 */
export type AlertKind = "permanent_cause" | "restart_intensity" | "audio_missing"

export interface StandingAlert {
  readonly kind: AlertKind
  readonly cause: Cause | null
}

/**
 * What a camera reports outward. All times are monotonic milliseconds.
 *
 * An alert is raised again when its cause changes. Standing alerts live as long as the actor: after
 * `camera.crashed` or a restart of the service they are unknown to the new actor, and raised anew if still true.
 */
export type CameraFact =
  | {
      readonly type: "camera.state_changed"
      readonly cameraId: number
      readonly from: CameraStateName
      readonly to: CameraStateName
      /** Why the last run ended; null for an operator's doing and in `recording`. */
      readonly cause: Cause | null
      readonly detail: string
      /** In `backoff`: the wait before the next try, counted from the end of the run. */
      readonly delayMillis: number | null
      /** How long it was in the state that it left. */
      readonly lastedMillis: number
      readonly atMillis: number
    }
  | {
      /** A run ended, or none began; once for each, also when the camera was already out. */
      readonly type: "outage.began"
      readonly cameraId: number
      /** Not where Vigia itself ended the run, or let none begin, for changed settings or want of room. */
      readonly isFailure: boolean
      readonly cause: Cause
      readonly detail: string
      readonly atMillis: number
    }
  | {
      readonly type: "alert.raised" | "alert.cleared"
      readonly cameraId: number
      readonly kind: AlertKind
      readonly cause: Cause | null
      readonly detail: string
      readonly atMillis: number
    }
  | {
      /**
       * The provided run or probe actor failed by an error of its own. `error` may hold secrets: redact it before
       * it is kept or shown.
       */
      readonly type: "recorder.failed" | "audio_probe.failed"
      readonly cameraId: number
      readonly error: unknown
      readonly atMillis: number
    }
