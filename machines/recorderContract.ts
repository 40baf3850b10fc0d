import type { CallbackActorLogic, PromiseActorLogic } from "xstate"
import type { Cause } from "../src/domain/Cause.ts"

/** `off` maps video only, for a camera that advertises audio and never sends it. */
export type AudioChoice = "as_probed" | "off"

/** `thorough` uses FFmpeg's default probing: slower, but it finds dimensions that come late. */
export type Probing = "fast" | "thorough"

/** Why a run is started, for logs. */
export type StartReason = "enabled" | "retry" | "reconfigured"

/**
 * What the next attempt should do differently, as read from the end of a run.
 *
 * `wait_for_room`: Vigia refused or ended the run, since the disk has no room; it tells when there is.
 */
export type Remedy = "none" | "thorough_probing" | "probe_again" | "video_only" | "wait_for_room"

/** What a run is started with. */
export interface RecorderInput {
  readonly cameraId: number
  /** Counts the starts of this camera actor from 1. Every event of the run repeats it. */
  readonly attempt: number
  readonly audio: AudioChoice
  readonly probing: Probing
  /** The remembered profile of the camera is wrong (a changed codec): probe before starting. */
  readonly probeAgain: boolean
  readonly reason: StartReason
}

export type StopCause = Cause | "disabled"

/** What a run is told. */
export type RecorderCommand =
  /** End FFmpeg, then send `recorder.exited`; sent at most once per run. */
  | { readonly type: "recorder.stop_requested"; readonly cause: StopCause }
  /**
   * The camera actor crashed by a bug and hears nothing any more: let go of files and fibers, but leave
   * FFmpeg recording, for the next run actor of this camera to adopt.
   */
  | { readonly type: "recorder.abandoned" }

/**
 * The process exists: from now on `runId` and `pid` are known.
 *
 * `audio` is what the run really does, which may differ from what was asked: an adopted run goes on as it
 * was started, and a camera without an audio track is always `as_probed`.
 */
export interface RecorderStarted {
  readonly type: "recorder.started"
  readonly attempt: number
  readonly runId: string
  readonly pid: number
  readonly audio: AudioChoice
}

/** One or more whole fragments are on disk; `atMillis` is the monotonic arrival of the latest. */
export interface FragmentWritten {
  readonly type: "fragment.written"
  readonly attempt: number
  readonly atMillis: number
}

/**
 * The process is gone (or never came to be) and nothing of this run follows.
 *
 * It is the last event of every run, sent once: the next run may start the moment it arrives.
 */
export interface RecorderExited {
  readonly type: "recorder.exited"
  readonly attempt: number
  readonly cause: Cause
  /** Only a person can end this cause. */
  readonly permanent: boolean
  /** One line for people, already free of secrets. */
  readonly detail: string
  readonly remedy: Remedy
  readonly atMillis: number
}

/** What a run says to its camera. `attempt` tells a late event of an earlier run from one of this run. */
export type RecorderEvent = RecorderStarted | FragmentWritten | RecorderExited

/** Logic of one run: a callback actor that owns FFmpeg's life and ends it only when told. */
export type RecorderLogic = CallbackActorLogic<RecorderCommand, RecorderInput>

export interface AudioProbeInput {
  readonly cameraId: number
}

/** Looks, beside the running recording, whether audio arrives now. A failure counts as no. */
export type AudioProbeLogic = PromiseActorLogic<boolean, AudioProbeInput>
