import type { AudioClipName, VideoClipName } from "./clipProfiles.ts"
import type { CameraCounters } from "./counters.ts"
import type { ConditionKind, Fault, RequiredCredentials } from "./faults.ts"

/** One camera to simulate. */
export interface CameraOptions {
  /** Without slashes at the ends: `cam1` is played at `rtsp://127.0.0.1:PORT/cam1`. */
  readonly path: string
  /** `h264-360p` unless given. */
  readonly video?: VideoClipName
  /** No audio unless given. */
  readonly audio?: AudioClipName
  /** A TCP port for this camera alone, needed for refusing connections; 0 is any free one. Without: the shared port. */
  readonly port?: number
  /** Whether a client's first frame is a keyframe (the default) or whatever is due. */
  readonly startAtKeyframe?: boolean
  /** Asked for always, `clear` or not. */
  readonly credentials?: RequiredCredentials
  /** Conditions from the first moment on. */
  readonly faults?: ReadonlyArray<Fault>
}

/** Of the whole simulator. */
export interface SimulatorOptions {
  /** Clips are made here once and kept; may be shared by processes. */
  readonly clipDirectory: string
  readonly cameras: ReadonlyArray<CameraOptions>
  /** Port shared by cameras without their own; 0 (the default) is any free one. */
  readonly port?: number
  /** `127.0.0.1` unless given. */
  readonly host?: string
  readonly ffmpegPath?: string
  /** Of all randomness: losses, skips, SSRC, first numbers. 1 unless given. */
  readonly seed?: number
  /** How far a client may lag behind before frames are withheld from it; 4 MiB unless given. */
  readonly maximumUnsentBytes?: number
}

/** A simulated camera, here or in another process. */
export interface CameraHandle {
  readonly path: string
  /** Without credentials. */
  readonly url: string
  /** Resolves when the fault is in effect. Fails when the clip of a `switchClip` cannot be made. */
  readonly set: (fault: Fault) => Promise<void>
  /** Ends one condition, or all of them. */
  readonly clear: (kind?: ConditionKind) => Promise<void>
  readonly counters: () => Promise<CameraCounters>
}

/** Cameras that run until stopped, here or in another process. */
export interface Simulator {
  readonly cameras: ReadonlyArray<CameraHandle>
  /** Throws when there is none of this path. */
  readonly camera: (path: string) => CameraHandle
  readonly addCamera: (options: CameraOptions) => Promise<CameraHandle>
  readonly stop: () => Promise<void>
}
