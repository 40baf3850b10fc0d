import { cadenceAfter, type FragmentRecord } from "./fragmentRecord.ts"
import { FrameCadence } from "./FrameCadence.ts"
import { PacketLoss, stateAfter, untouched } from "./PacketLoss.ts"
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
  /** FFmpeg's log, where it tells lost packets: of a run over UDP. */
  readonly lossLogPath?: string
  /** The log of a run that has ended: its index says whether it tells lost packets. */
  readonly endedLogPath?: string
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
  /** `null` where nothing tells lost packets. */
  loss: PacketLoss | null
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
    this.loss = input.lossLogPath === undefined ? null : PacketLoss.open(input.lossLogPath, untouched)
  }

  /** Lets time and counts go on from where an index begins and its last fragment ends. */
  resumeFrom(header: SegmentHeader, last: FragmentRecord | null): void {
    this.timeline = new Timeline(header.runStartedAtMillis, header.timeline)
    this.cadence = last === null ? new FrameCadence(header.nominalSeconds) : cadenceAfter(last)
    const lossLogPath =
      this.input.lossLogPath ?? (header.packetLoss === null ? undefined : this.input.endedLogPath)
    if (lossLogPath === undefined) return
    this.loss?.close()
    const state =
      last === null || last.loss === null
        ? header.packetLoss
        : stateAfter(last.loss, last.mediaEndSeconds, last.nominalSeconds)
    this.loss = PacketLoss.open(lossLogPath, state ?? untouched)
    if (state === null) this.loss?.skipToEnd()
  }

  /** Up to which byte the log is read; `null` where it is not. */
  get readLogBytes(): number | null {
    return this.loss?.state.logBytes ?? null
  }

  closeLoss(): void {
    this.loss?.close()
    this.loss = null
  }
}
