import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { SegmentSummary } from "../../src/domain/Segment.ts"
import { ffmpegArguments } from "../../src/recorder/ffmpegArguments.ts"
import { runDirectoryOf } from "../../src/recorder/segments/runFiles.ts"
import { SegmentWatcher } from "../../src/recorder/segments/SegmentWatcher.ts"

export interface FakedRunOptions {
  readonly name: string
  readonly url: string
  readonly recordingsDirectory: string
  readonly segmentSeconds: number
  /** The time zone that FFmpeg believes in. */
  readonly timeZone: string
  /** How far both clocks are off from the beginning. */
  readonly offsetMillis: number
}

const machines: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" }
/** Where Debian's libfaketime is; the variant for programs with threads. */
const library = `/usr/lib/${machines[process.arch]}-linux-gnu/faketime/libfaketimeMT.so.1`

/**
 * A run as the recorder makes it, on a clock that a test steps: FFmpeg's by faketime, the watcher's by its offset.
 *
 * The monotonic clock stays true for both, as it does when a real clock is stepped.
 */
export class FakedRun {
  readonly recordingsDirectory: string
  readonly runId: string
  readonly cameraId = 1
  readonly #child: ChildProcess
  readonly #watcher: SegmentWatcher
  readonly #clockFile: string
  readonly #summaries = new Map<string, SegmentSummary>()

  private constructor(options: FakedRunOptions) {
    this.recordingsDirectory = join(options.recordingsDirectory, options.name)
    this.runId = options.name
    this.#clockFile = join(options.recordingsDirectory, `${options.name}.faketime`)
    const runDirectory = runDirectoryOf(this.recordingsDirectory, this.cameraId, this.runId)
    mkdirSync(runDirectory, { recursive: true })
    this.#watcher = new SegmentWatcher()
    this.#watcher.onReport((reports) => {
      for (const { segments } of reports) {
        for (const summary of segments) this.#summaries.set(summary.filePath, summary)
      }
    })
    this.setClock(options.offsetMillis)
    this.#child = spawn(
      "ffmpeg",
      ffmpegArguments({
        url: options.url,
        transport: "tcp",
        profile: { videoCodec: "h264", audioCodec: null },
        audio: "as_probed",
        probing: "fast",
        codec: "copy",
        bitrate: "2M",
        segmentDurationSeconds: options.segmentSeconds,
        runDirectory,
      }),
      {
        stdio: "ignore",
        env: {
          PATH: process.env["PATH"],
          TZ: options.timeZone,
          LD_PRELOAD: library,
          FAKETIME_TIMESTAMP_FILE: this.#clockFile,
          FAKETIME_NO_CACHE: "1",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
          // The times of files are the kernel's; the watcher's offset is what shifts them.
          NO_FAKE_STAT: "1",
        },
      },
    )
    this.#watcher.watch({
      runId: this.runId,
      cameraId: this.cameraId,
      recordingsDirectory: this.recordingsDirectory,
      runStartedAtMillis: Date.now() + options.offsetMillis,
    })
  }

  static start(options: FakedRunOptions): FakedRun {
    return new FakedRun(options)
  }

  get cameraDirectory(): string {
    return join(this.recordingsDirectory, `cam_${this.cameraId}`)
  }

  /** In order of their numbers. */
  get summaries(): ReadonlyArray<SegmentSummary> {
    return [...this.#summaries.values()].toSorted((a, b) => a.number - b.number)
  }

  /** Sets both clocks so far off this machine's. */
  setClock(offsetMillis: number): void {
    // In one piece: FFmpeg reads the file at every look at its clock.
    const seconds = (offsetMillis / 1000).toFixed(3)
    writeFileSync(`${this.#clockFile}.new`, `${offsetMillis < 0 ? "" : "+"}${seconds}\n`)
    renameSync(`${this.#clockFile}.new`, this.#clockFile)
    this.#watcher.setClockOffset(offsetMillis)
  }

  /** Ends FFmpeg as the recorder does, settles its files and stops watching. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit")
      this.#child.kill("SIGTERM")
      await exited
    }
    await this.#watcher.finish(this.runId)
    await this.#watcher.close()
  }
}
