import { FrameCadence } from "./FrameCadence.ts"
import type { PublishFileSystem } from "./publishSegment.ts"
import type { ReadBuffer } from "./ReadBuffer.ts"
import type { SegmentHeader } from "./segmentIndex.ts"
import type { SteadyClock } from "./SteadyClock.ts"
import { Timeline } from "./Timeline.ts"

/** A run to watch or repair. */
export interface WatchedRunInput {
  readonly runId: string
  readonly cameraId: number
  readonly recordingsDirectory: string
  /** When FFmpeg was started (Unix milliseconds); `null` where nobody knows. */
  readonly runStartedAtMillis: number | null
}

/** What the segments of a run share: who they belong to, and time that goes on from file to file. */
export class WatchedRun {
  readonly input: WatchedRunInput
  readonly runDirectory: string
  clock: SteadyClock
  readonly buffer: ReadBuffer
  readonly publishFileSystem: PublishFileSystem
  timeline: Timeline
  cadence = new FrameCadence()
  /** When the next file was last looked for and not there. */
  lookedMonotonicMillis = Number.NEGATIVE_INFINITY

  constructor(
    input: WatchedRunInput,
    runDirectory: string,
    clock: SteadyClock,
    buffer: ReadBuffer,
    publishFileSystem: PublishFileSystem,
  ) {
    this.input = input
    this.runDirectory = runDirectory
    this.clock = clock
    this.buffer = buffer
    this.publishFileSystem = publishFileSystem
    this.timeline = new Timeline(input.runStartedAtMillis)
  }

  /** Lets time go on from where an index was begun. */
  resumeFrom(header: SegmentHeader, nominalSeconds: number): void {
    this.timeline = new Timeline(header.runStartedAtMillis, header.timeline)
    this.cadence = new FrameCadence(nominalSeconds)
  }
}
