import type { CameraOptions } from "../../src/demo/simulator/simulator.ts"
import type { FaultScene } from "./FaultScene.ts"

/** The states a camera goes through, in order, as one text. */
export const routes = {
  recordsAtOnce: /^connecting recording stopped$/,
  failsThenRecords: /^connecting( backoff connecting)+ recording stopped$/,
  failsThenRecordsTwice: /^connecting( backoff connecting)+ recording backoff connecting recording stopped$/,
  failsInBetween: /^connecting recording( backoff connecting)+ recording stopped$/,
} as const

/** One fault, what is done about it, and what Vigia has to make of it. */
export interface FaultScenario {
  readonly name: string
  readonly camera: Omit<CameraOptions, "path">
  readonly transport?: "udp"
  /** Of the camera as Vigia is told it, from the true one. */
  readonly url?: (url: string) => string
  /** With a short connecting deadline: for cameras that only this deadline finds. */
  readonly impatient?: true
  /** Until the recording is to be stopped. */
  readonly script: (scene: FaultScene) => Promise<void>
  readonly route: keyof typeof routes
  /** Causes of the failures, in the order of their first appearance. */
  readonly causes: ReadonlyArray<string>
  /** Of a retry that comes before the fault is mended, if one does: the first comes at once. */
  readonly earlyRetryCause?: string
  readonly detectedWithinSeconds?: number
  /** Stands while the fault lasts, and no longer afterwards. */
  readonly alert?: string
  /** Loss damages frames: the file must be read, but not without complaint. */
  readonly damaged?: true
  /** What the row of the recording says of audio while the fault lasts. */
  readonly audioMeanwhile?: string
  /** While the script watches: what reaches the disk is at most 1.0 s old, and the next fragment is never late. */
  readonly watchesLag?: true
  /** Of the last file; `avc1` unless given. */
  readonly videoTag?: string
  /** Of the last file: its codec, or null for video only. */
  readonly audio?: string | null
}
