import {
  closeSync,
  futimesSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { SegmentSummary } from "../../../src/domain/Segment.ts"
import type { PublishFileSystem } from "../../../src/recorder/segments/publishSegment.ts"
import { ReadBuffer } from "../../../src/recorder/segments/ReadBuffer.ts"
import { numberedPathOf, runDirectoryOf } from "../../../src/recorder/segments/runFiles.ts"
import type { RunReport } from "../../../src/recorder/segments/runReport.ts"
import { RunWatcher } from "../../../src/recorder/segments/RunWatcher.ts"
import type { WatchClock } from "../../../src/recorder/segments/SteadyClock.ts"
import { movieStart, secondAt } from "./syntheticMovie.ts"

/** A file system that refuses hard links. */
export const withoutHardLinks: PublishFileSystem = {
  link: () => {
    throw Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" })
  },
}

/** Plays FFmpeg and the machine's clock for one run in a temporary directory. */
export class SimulatedRunOnDisk {
  readonly recordingsDirectory = mkdtempSync(join(tmpdir(), "vigia-run-"))
  readonly runDirectory: string
  readonly input
  readonly summaries = new Map<number, SegmentSummary>()
  readonly reports: Array<RunReport> = []
  monotonicMillis = 5_000_000
  wallMillis: number
  /** How wrong the clock is that stamps the files: that of a file server. */
  fileClockOffMillis = 0
  #number = -1
  #secondsInFile = 0
  #descriptor: number | null = null

  constructor(startedAtMillis: number, runId = "run") {
    this.wallMillis = startedAtMillis
    this.runDirectory = runDirectoryOf(this.recordingsDirectory, 1, runId)
    this.input = {
      runId,
      cameraId: 1,
      recordingsDirectory: this.recordingsDirectory,
      runStartedAtMillis: startedAtMillis,
    }
    mkdirSync(this.runDirectory, { recursive: true })
  }

  get clock(): WatchClock {
    return {
      wallMillis: () => this.wallMillis,
      monotonicMillis: () => this.monotonicMillis,
      fileMillis: (mtimeMillis) => mtimeMillis + this.fileClockOffMillis,
    }
  }

  watcher(publish?: PublishFileSystem): RunWatcher {
    const options = publish === undefined ? {} : { publish }
    return new RunWatcher(this.input, this.clock, new ReadBuffer(), options)
  }

  pass(millis: number): void {
    this.monotonicMillis += millis
    this.wallMillis += millis
  }

  stepClock(millis: number): void {
    this.wallMillis += millis
  }

  /** FFmpeg closes its file and opens the next. */
  nextFile(): void {
    this.#number += 1
    this.#secondsInFile = 0
    this.#closeFile()
    this.#descriptor = openSync(numberedPathOf(this.runDirectory, this.#number), "wx")
    this.#append(movieStart(true))
  }

  /** A second passes and becomes a fragment; the watcher looks five times. */
  second(watcher: RunWatcher | null): void {
    for (let tick = 0; tick < 5; tick++) {
      this.pass(200)
      if (tick === 4) this.#append(secondAt(this.#secondsInFile, 16))
      if (watcher !== null) this.hear(watcher.poll())
    }
    this.#secondsInFile += 1
  }

  /** A whole file of this many seconds. */
  record(watcher: RunWatcher | null, seconds: number): void {
    this.nextFile()
    for (let second = 0; second < seconds; second++) this.second(watcher)
  }

  /** FFmpeg ends; answers all segments of the run. */
  finish(watcher: RunWatcher): ReadonlyArray<SegmentSummary> {
    this.pass(100)
    this.hear(watcher.finish())
    return [...this.summaries.values()]
  }

  get recordedFrames(): number {
    return [...this.summaries.values()].reduce((sum, { frames }) => sum + frames, 0)
  }

  hear(report: RunReport | null): void {
    if (report === null) return
    this.reports.push(report)
    for (const summary of report.segments) this.summaries.set(summary.number, summary)
  }

  /** All files under the recordings directory, relative to it. */
  files(): ReadonlyArray<string> {
    return readdirSync(this.recordingsDirectory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.recordingsDirectory.length + 1))
      .toSorted()
  }

  segmentFiles(): ReadonlyArray<string> {
    return this.files().filter((path) => path.endsWith(".mp4"))
  }

  remove(): void {
    this.#closeFile()
    rmSync(this.recordingsDirectory, { recursive: true })
  }

  #append(bytes: Uint8Array): void {
    if (this.#descriptor === null) throw new Error("no file is open")
    writeSync(this.#descriptor, bytes)
    futimesSync(this.#descriptor, this.wallMillis / 1000, this.wallMillis / 1000)
  }

  #closeFile(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }
}
