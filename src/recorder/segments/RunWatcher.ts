import { existsSync, readFileSync, readdirSync, rmdirSync, unlinkSync } from "node:fs"
import { join } from "node:path"
import type { SegmentSummary } from "../../domain/Segment.ts"
import { locateSegment } from "./locateSegment.ts"
import { systemErrorCode } from "../../domain/errorCode.ts"
import { nodePublishFileSystem } from "./publishSegment.ts"
import type { PublishFileSystem } from "./publishSegment.ts"
import type { ReadBuffer } from "./ReadBuffer.ts"
import { numberedPathOf, openIndexPathOf, runDirectoryOf, unsettledNumbers } from "./runFiles.ts"
import type { RunReport, WatchFailure } from "./runReport.ts"
import { decodeIndex } from "./segmentIndex.ts"
import type { SegmentEnd, SegmentIndex } from "./segmentIndex.ts"
import { SteadyClock } from "./SteadyClock.ts"
import type { WatchClock } from "./SteadyClock.ts"
import type { ArrivalKind } from "./timelineContract.ts"
import { WatchedRun } from "./WatchedRun.ts"
import type { WatchedRunInput } from "./WatchedRun.ts"
import { WatchedSegment } from "./WatchedSegment.ts"

/** How often to look for the next file while the present one does or does not grow. */
const lookIdleMillis = 550
const lookBusyMillis = 2000
/** FFmpeg writes a fragment or two each second; their `mtime` tells when, however late they are seen. */
const restMillis = 850
/** A refused system call is tried again, and told again, this often. */
const retryMillis = 1000
const repeatFailureMillis = 60_000

/**
 * Follows the files of one run while FFmpeg writes them, or afterwards.
 *
 * All calls are synchronous: a hanging disk hangs the thread. What the file system refuses becomes
 * a `watch.failed` fact of the report and is tried again; no method throws for it.
 */
export class RunWatcher {
  readonly #run: WatchedRun
  readonly #clock: WatchClock
  readonly #isRepair: boolean
  #current: WatchedSegment | null = null
  /** Number of the present file, or of the next while none is open. */
  #number: number | null = null
  #isFirst = true
  #isTakingUp = true
  #changed = new Map<number, SegmentSummary>()
  #newFragments = 0
  #lastArrivalMonotonicMillis = 0
  #failure: WatchFailure | null = null
  /** Monotonic time before which a look would find nothing, or fail as before. */
  #restUntilMillis = Number.NEGATIVE_INFINITY
  #toldMillis = Number.NEGATIVE_INFINITY
  #untold: WatchFailure | null = null

  constructor(
    input: WatchedRunInput,
    clock: WatchClock,
    buffer: ReadBuffer,
    options: { readonly isRepair?: boolean; readonly publish?: PublishFileSystem } = {},
  ) {
    const directory = runDirectoryOf(input.recordingsDirectory, input.cameraId, input.runId)
    this.#clock = clock
    this.#isRepair = options.isRepair ?? false
    this.#run = new WatchedRun(
      input,
      directory,
      new SteadyClock(clock),
      buffer,
      options.publish ?? nodePublishFileSystem,
    )
  }

  /** Whether no fragment of the run was seen yet. */
  get isAwaitingFirst(): boolean {
    return this.#lastArrivalMonotonicMillis === 0
  }

  /** Reads what is new; `null` where nothing is. */
  poll(): RunReport | null {
    if (this.#clock.monotonicMillis() < this.#restUntilMillis) return null
    this.#attempt(() => this.#advance(false))
    return this.#report()
  }

  /** Reads what is there of a run that an earlier life of the service followed; the growing file is told in any case. */
  takeUp(): RunReport {
    this.#attempt(() => this.#advance(false))
    const segment = this.#current
    if (segment?.isPublished === true) {
      this.#tell(segment.summarize("growing"))
      this.#newFragments = 0
      this.#noteArrival(segment.fragments, segment.lastArrivalMillis)
    }
    return this.#report() ?? this.#reportOf([])
  }

  /** The process has ended: reads and settles what is left and removes the directory of the run. */
  finish(): RunReport {
    this.#attempt(() => this.#advance(true))
    this.#attempt(() => this.#removeDirectory())
    this.close()
    return this.#report() ?? this.#reportOf([])
  }

  /** Leaves the run as it is, for another life of the service to go on with. */
  close(): void {
    this.#current?.close()
    this.#current = null
    this.#run.closeLoss()
  }

  #advance(hasEnded: boolean): void {
    this.#run.clock.tick()
    while (this.#followFile(hasEnded));
    this.#run.loss?.endPass()
    this.#isTakingUp = false
  }

  /** Reads the present file; answers whether it is done with and there may be another. */
  #followFile(hasEnded: boolean): boolean {
    this.#current ??= this.#open(hasEnded)
    const segment = this.#current
    if (segment === null) return false
    if (!hasEnded && !this.#isTimeToLook(this.#read(segment, "observed"))) return false
    const isSuperseded = this.#isThere((this.#number ?? 0) + 1)
    // Looked for first, so that nothing can be written to the present file after this.
    this.#read(segment, hasEnded && !isSuperseded ? "bound" : "observed")
    if (isSuperseded || hasEnded) this.#end(segment, isSuperseded ? "next_file" : "run_ended")
    else this.#run.lookedMonotonicMillis = this.#run.clock.nowMonotonicMillis
    return isSuperseded || hasEnded
  }

  #isTimeToLook(hasGrown: boolean): boolean {
    const { clock, lookedMonotonicMillis } = this.#run
    const sinceMillis = clock.nowMonotonicMillis - lookedMonotonicMillis
    return sinceMillis >= (hasGrown ? lookBusyMillis : lookIdleMillis)
  }

  #read(segment: WatchedSegment, kind: ArrivalKind): boolean {
    const { newFragments, lastArrivalMillis } = segment.read(this.#isRepair ? "hint" : kind)
    if (lastArrivalMillis !== null) {
      this.#noteArrival(newFragments, lastArrivalMillis)
      this.#restUntilMillis = this.#run.clock.nowMonotonicMillis + restMillis
    }
    if (!segment.isPublished) segment.publish()
    if (lastArrivalMillis !== null && segment.isPublished) this.#tell(segment.summarize("growing"))
    return lastArrivalMillis !== null
  }

  #noteArrival(newFragments: number, lastArrivalMillis: number): void {
    const monotonicMillis = this.#run.clock.monotonicOf(lastArrivalMillis)
    this.#newFragments += newFragments
    this.#lastArrivalMonotonicMillis = Math.max(this.#lastArrivalMonotonicMillis, monotonicMillis)
  }

  #end(segment: WatchedSegment, end: SegmentEnd): void {
    if (end === "run_ended") this.#run.timeline.endRun()
    if (segment.isPublished) {
      this.#tell(segment.summarize("closed"))
      segment.settle(end)
    } else if (!segment.hasFragments) {
      segment.discard()
    }
    segment.close()
    this.#current = null
    this.#number = (this.#number ?? 0) + 1
  }

  #open(hasEnded: boolean): WatchedSegment | null {
    for (let number = this.#numberToOpen(hasEnded); number !== null;) {
      this.#number = number
      const index = readIndex(openIndexPathOf(this.#run.runDirectory, number))
      const segment = index === null ? this.#begin(number, hasEnded) : this.#resume(index)
      if (segment !== null) {
        this.#isFirst = false
        return segment
      }
      this.#number = number + 1
      number = this.#numberToOpen(hasEnded)
    }
    this.#run.lookedMonotonicMillis = this.#run.clock.nowMonotonicMillis
    return null
  }

  #numberToOpen(hasEnded: boolean): number | null {
    const { runDirectory } = this.#run
    const expected = this.#number
    if (expected === null || hasEnded) {
      return unsettledNumbers(runDirectory).find((number) => number >= (expected ?? 0)) ?? null
    }
    return this.#isThere(expected) ? expected : null
  }

  #isThere(number: number): boolean {
    const { runDirectory } = this.#run
    if (existsSync(numberedPathOf(runDirectory, number))) return true
    // Only while leftovers of an earlier life are taken up can there be an index without its file.
    return this.#isTakingUp && existsSync(openIndexPathOf(runDirectory, number))
  }

  #begin(number: number, hasEnded: boolean): WatchedSegment | null {
    const { runDirectory } = this.#run
    if (!existsSync(numberedPathOf(runDirectory, number))) {
      // An index without header and file says nothing about anything.
      unlinkSync(openIndexPathOf(runDirectory, number))
      return null
    }
    const isSuperseded = this.#isThere(number + 1)
    const segment = WatchedSegment.begin(this.#run, number, this.#isFirst)
    if (this.#isRepair || isSuperseded) {
      segment.readUnobserved(hasEnded && !isSuperseded)
      this.#noteArrival(segment.fragments, segment.lastArrivalMillis)
    }
    return segment
  }

  #resume(index: SegmentIndex): WatchedSegment | null {
    const { runDirectory, input } = this.#run
    const { header } = index
    const located = locateSegment(
      numberedPathOf(runDirectory, header.number),
      join(input.recordingsDirectory, header.filePath),
      header.reservedInode,
    )
    if (located === null) {
      unlinkSync(openIndexPathOf(runDirectory, header.number))
      return null
    }
    const clock = new SteadyClock(this.#clock, this.#isRepair ? null : header.wallMinusMonotonicMillis)
    clock.tick()
    this.#run.clock = clock
    return WatchedSegment.resume(this.#run, index, located.path, located.isPublished)
  }

  #removeDirectory(): void {
    const { runDirectory } = this.#run
    if (!existsSync(runDirectory)) return
    for (const name of readdirSync(runDirectory)) {
      if (name.endsWith(".idx.new")) unlinkSync(join(runDirectory, name))
    }
    // What is still there could not be settled and waits for a repair.
    if (readdirSync(runDirectory).length === 0) rmdirSync(runDirectory)
  }

  #attempt(action: () => void): void {
    try {
      action()
      this.#failure = null
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.#fail(error)
    }
  }

  #fail(error: Error): void {
    const nowMillis = this.#clock.monotonicMillis()
    const code = systemErrorCode(error) ?? error.name
    const path = "path" in error && typeof error.path === "string" ? error.path : this.#run.runDirectory
    const isNew = this.#failure?.code !== code || this.#failure.path !== path
    this.#failure = { type: "watch.failed", code, path }
    this.#restUntilMillis = nowMillis + retryMillis
    if (isNew || nowMillis - this.#toldMillis >= repeatFailureMillis) {
      this.#untold = this.#failure
      this.#toldMillis = nowMillis
    }
  }

  #tell(summary: SegmentSummary): void {
    this.#changed.set(summary.number, summary)
  }

  #report(): RunReport | null {
    if (this.#changed.size === 0 && this.#newFragments === 0 && this.#untold === null) return null
    const report = this.#reportOf([...this.#changed.values()])
    this.#changed = new Map()
    this.#newFragments = 0
    this.#untold = null
    return report
  }

  #reportOf(segments: ReadonlyArray<SegmentSummary>): RunReport {
    const { runId, cameraId } = this.#run.input
    return {
      runId,
      cameraId,
      segments,
      newFragments: this.#newFragments,
      lastArrivalMonotonicMillis: this.#lastArrivalMonotonicMillis,
      readLogBytes: this.#run.readLogBytes,
      ...(this.#untold === null ? {} : { failure: this.#untold }),
    }
  }
}

const readIndex = (path: string): SegmentIndex | null =>
  existsSync(path) ? decodeIndex(readFileSync(path, "utf8")) : null
