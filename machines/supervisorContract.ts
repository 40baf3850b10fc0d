import type { CameraReleased, CameraSettings } from "./cameraContract.ts"

export interface SupervisorInput extends CameraSettings {
  /** How long `shutdown.requested` waits for cameras to be released; 8 s by default. */
  readonly shutdownTimeoutMillis?: number
}

/** What the supervisor is told by the outside. Events for a camera it does not know are ignored. */
export type SupervisorCommand =
  /** Adding a camera twice changes nothing. */
  | { readonly type: "camera.added"; readonly cameraId: number; readonly enabled: boolean }
  /** Its run is ended first; `camera.forgotten` tells when nothing of it is left. */
  | { readonly type: "camera.removed"; readonly cameraId: number }
  | {
      readonly type: "camera.enabled" | "camera.disabled" | "camera.reconfigured" | "audio.found"
      readonly cameraId: number
    }
  /** The disk has room for every camera again. */
  | { readonly type: "room.returned" }
  /** Ends all runs, the latest camera first, then the supervisor itself. */
  | { readonly type: "shutdown.requested" }

export type SupervisorEvent = SupervisorCommand | CameraReleased

/** What the supervisor reports outward. Times are monotonic milliseconds. */
export type SupervisorFact =
  | {
      /**
       * A camera actor failed by a bug; it is replaced after the delay, its siblings go on. `error` may hold
       * secrets: redact it before it is kept or shown. `escalated` is true once, when crashes exceed the
       * intensity.
       */
      readonly type: "camera.crashed"
      readonly cameraId: number
      readonly error: unknown
      /** Null where nothing replaces it: the camera was being removed, or the service shuts down. */
      readonly restartDelayMillis: number | null
      readonly escalated: boolean
      readonly atMillis: number
    }
  | { readonly type: "camera.respawned"; readonly cameraId: number; readonly atMillis: number }
  | { readonly type: "camera.forgotten"; readonly cameraId: number; readonly atMillis: number }
  | ({ readonly type: "shutdown.completed"; readonly atMillis: number } & SupervisorOutput)

/** How a shutdown ended. */
export interface SupervisorOutput {
  /** Cameras whose run may still live: not released in time, or without an actor after a crash. */
  readonly unreleased: ReadonlyArray<number>
}
