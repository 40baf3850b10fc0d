import { closeSync, fstatSync, openSync, unlinkSync } from "node:fs"
import { join } from "node:path"
import type { SegmentSummary } from "../../domain/Segment.ts"
import type { Fragment } from "./FragmentReader.ts"
import { FragmentReader } from "./FragmentReader.ts"
import { recordFragment } from "./fragmentRecord.ts"
import type { FragmentRecord } from "./fragmentRecord.ts"
import type { FragmentLoss, PacketLossState } from "./PacketLoss.ts"
import { publishSegment } from "./publishSegment.ts"
import { numberedPathOf, openIndexPathOf, settledIndexPathOf } from "./runFiles.ts"
import type { SegmentEnd, SegmentHeader, SegmentIndex } from "./segmentIndex.ts"
import { SegmentIndexFile } from "./SegmentIndexFile.ts"
import { SegmentTally } from "./SegmentTally.ts"
import type { ArrivalKind } from "./timelineContract.ts"
import { pauseBeforeUnobserved } from "./unobservedFile.ts"
import type { WatchedRun } from "./WatchedRun.ts"

/** What a look at a segment found. */
export interface Growth {
  readonly newFragments: number
  readonly lastArrivalMillis: number | null
}

const noGrowth: Growth = { newFragments: 0, lastArrivalMillis: null }

/** One file of a run from its first byte until it is settled: read, timed, indexed, published. */
export class WatchedSegment {
  readonly #run: WatchedRun
  readonly #descriptor: number
  readonly #reader: FragmentReader
  readonly #index: SegmentIndexFile
  readonly #tally = new SegmentTally()
  #header: SegmentHeader
  #isPublished: boolean
  #unindexed: Array<FragmentRecord> = []
  #readBytes = 0
  #lastArrivalMillis = Number.NEGATIVE_INFINITY
  /** Steady time of the last look, at first of the last look for the file. */
  #lookedMillis: number

  private constructor(run: WatchedRun, descriptor: number, header: SegmentHeader, isPublished: boolean) {
    this.#run = run
    this.#descriptor = descriptor
    this.#reader = new FragmentReader(run.buffer.readerOf(descriptor))
    this.#index = new SegmentIndexFile(openIndexPathOf(run.runDirectory, header.number))
    this.#header = header
    this.#isPublished = isPublished
    this.#lookedMillis = run.clock.steadyOf(run.lookedMonotonicMillis)
  }

  /** Opens the next numbered file of a run; its clock is set anew. Throws where it cannot be opened. */
  static begin(run: WatchedRun, number: number, isFirst: boolean): WatchedSegment {
    const descriptor = openSync(numberedPathOf(run.runDirectory, number), "r")
    const clockStepMillis = run.clock.startFile()
    if (!isFirst) run.timeline.nextFile(clockStepMillis)
    run.cadence.startFile()
    run.loss?.nextFile()
    // An earlier life saw this file begin, or not even that: where its part of the log begins, nobody knows.
    const isLossTold = !isFirst || number === 0
    if (!isLossTold) run.loss?.skipToEnd()
    const packetLoss = isLossTold ? (run.loss?.state ?? null) : null
    const header = headerOf(run, number, isFirst ? 0 : clockStepMillis, packetLoss)
    return new WatchedSegment(run, descriptor, header, false)
  }

  /** Goes on with a segment that an index describes; `path` is where the file is now. */
  static resume(run: WatchedRun, index: SegmentIndex, path: string, isPublished: boolean): WatchedSegment {
    const { header } = index
    const descriptor = openSync(path, "r")
    const fileBytes = fstatSync(descriptor).size
    const records = index.records.filter(({ offset, sizeBytes }) => offset + sizeBytes <= fileBytes)
    run.resumeFrom(header, records.at(-1) ?? null)
    const segment = new WatchedSegment(run, descriptor, header, isPublished)
    for (const record of records) segment.#account(record)
    const last = records.at(-1)
    if (last !== undefined) {
      const end = last.offset + last.sizeBytes
      segment.#reader.skipTo(end, last.mediaEndSeconds, fileBytes)
    }
    if (isPublished && records.length === index.records.length) {
      segment.#unindexed = []
      segment.#index.resume(index.wholeBytes)
    } else if (isPublished) {
      // The file lost its end (a power cut): so must the index.
      segment.#index.create(header)
      segment.#writeIndex()
    }
    return segment
  }

  get hasFragments(): boolean {
    return this.fragments > 0
  }

  get fragments(): number {
    return this.#tally.fragments
  }

  /** Steady time at which the last fragment became whole whose arrival is known; minus infinity before the first. */
  get lastArrivalMillis(): number {
    return this.#lastArrivalMillis
  }

  get isPublished(): boolean {
    return this.#isPublished
  }

  /** Reads what was written since the last look. Fragments found together share the last one's arrival. */
  read(kind: ArrivalKind): Growth {
    const { size, mtimeMs } = fstatSync(this.#descriptor)
    const { clock, loss } = this.#run
    const logBytes = loss?.logBytes ?? 0
    const sinceMillis = this.#lookedMillis
    this.#lookedMillis = clock.nowMillis
    if (size === this.#readBytes) return noGrowth
    const arrivalMillis = clock.arrivalOf(mtimeMs, sinceMillis)
    const found: Array<Fragment> = []
    try {
      this.#reader.advance(size, found)
      this.#readBytes = size
    } finally {
      this.#take(found, this.#lossesOf(found, logBytes), arrivalMillis, kind)
    }
    if (this.#isPublished) this.#writeIndex()
    let newFragments = 0
    for (const fragment of found) if (this.#showsLife(fragment)) newFragments += 1
    return newFragments === 0 ? noGrowth : { newFragments, lastArrivalMillis: arrivalMillis }
  }

  /** Reads a whole file that nobody watched: its `mtime` is all that is known of its time. */
  readUnobserved(isLastOfRun: boolean): void {
    const { size, mtimeMs } = fstatSync(this.#descriptor)
    const { timeline, cadence, clock, loss } = this.#run
    const logBytes = loss?.logBytes ?? 0
    const found: Array<Fragment> = []
    this.#reader.advance(size, found)
    this.#readBytes = size
    const losses = this.#lossesOf(found, logBytes)
    const endMillis = clock.arrivalOf(mtimeMs, Number.NEGATIVE_INFINITY)
    const records = found.map((fragment, index) => ({
      ...recordFragment(fragment, cadence, null, "hint"),
      loss: losses[index] ?? null,
    }))
    const adjusted = pauseBeforeUnobserved(timeline, records, endMillis, isLastOfRun)
    if (adjusted.clockStepMillis !== 0) timeline.nextFile(adjusted.clockStepMillis)
    if (adjusted.pauseMillis > 0) timeline.pauseBeforeFile(adjusted.pauseMillis)
    this.#header = headerOf(
      this.#run,
      this.#header.number,
      this.#header.clockStepMillis + adjusted.clockStepMillis,
      this.#header.packetLoss,
    )
    for (const [index, record] of records.entries()) {
      const isLast = index === records.length - 1
      this.#account(isLast ? { ...record, arrivalMillis: endMillis, arrivalKind: "hint" } : record)
    }
  }

  /** Gives the file its lasting name; does nothing before the first fragment or a second time. */
  publish(): void {
    const { startMillis } = this.#run.timeline
    if (this.#isPublished || !this.hasFragments || startMillis === null) return
    const { input, runDirectory, publishFileSystem } = this.#run
    publishSegment(
      numberedPathOf(runDirectory, this.#header.number),
      input.recordingsDirectory,
      input.cameraId,
      startMillis,
      (claim) => {
        this.#header = { ...this.#header, ...claim }
        this.#index.create(this.#header)
      },
      publishFileSystem,
    )
    this.#isPublished = true
    this.#writeIndex()
  }

  summarize(state: SegmentSummary["state"]): SegmentSummary {
    return this.#tally.summarize(this.#header, state, this.#run.timeline, this.#reader.movie)
  }

  /** Writes the end into the index and moves it beside the published file. */
  settle(end: SegmentEnd): void {
    const { recordingsDirectory } = this.#run.input
    this.#index.settle(end, settledIndexPathOf(join(recordingsDirectory, this.#header.filePath)))
  }

  /** Removes a numbered file in which nothing was recorded. */
  discard(): void {
    unlinkSync(numberedPathOf(this.#run.runDirectory, this.#header.number))
  }

  close(): void {
    this.#index.close()
    closeSync(this.#descriptor)
  }

  /** What the log says of the fragments that were found; nothing where it does not begin with this file. */
  #lossesOf(found: ReadonlyArray<Fragment>, logBytes: number): ReadonlyArray<FragmentLoss | null> {
    const losses = this.#run.loss?.account(found, logBytes) ?? []
    return this.#header.packetLoss === null ? [] : losses
  }

  #take(
    found: ReadonlyArray<Fragment>,
    losses: ReadonlyArray<FragmentLoss | null>,
    arrivalMillis: number,
    kind: ArrivalKind,
  ): void {
    for (const [index, fragment] of found.entries()) {
      // Audio alone does not move the time of the video; but some arrival must begin a run.
      const counts = this.#showsLife(fragment) || this.#run.timeline.endMillis === null
      const arrival = counts && index === found.length - 1 ? arrivalMillis : null
      const record = recordFragment(fragment, this.#run.cadence, arrival, kind)
      this.#account({ ...record, loss: losses[index] ?? null })
    }
  }

  #account(record: FragmentRecord): void {
    this.#tally.add(record)
    this.#run.timeline.add(record)
    this.#lastArrivalMillis = record.arrivalMillis ?? this.#lastArrivalMillis
    this.#unindexed.push(record)
  }

  #writeIndex(): void {
    const records = this.#unindexed
    this.#unindexed = []
    this.#index.append(records)
  }

  #showsLife(fragment: Fragment): boolean {
    return fragment.frames > 0 || this.#reader.movie?.video === null
  }
}

const headerOf = (
  run: WatchedRun,
  number: number,
  clockStepMillis: number,
  packetLoss: PacketLossState | null,
): SegmentHeader => ({
  version: 1,
  runId: run.input.runId,
  number,
  cameraId: run.input.cameraId,
  filePath: "",
  reservedInode: null,
  runStartedAtMillis: number === 0 ? run.input.runStartedAtMillis : null,
  clockStepMillis,
  wallMinusMonotonicMillis: run.clock.wallMinusMonotonicMillis,
  nominalSeconds: run.cadence.nominalSeconds,
  timeline: run.timeline.state,
  packetLoss,
})
