import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Worker } from "node:worker_threads"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { SegmentSummary } from "../../../src/domain/Segment.ts"
import { readSegment } from "../../../src/recorder/segments/readSegment.ts"
import { runDirectoryOf } from "../../../src/recorder/segments/runFiles.ts"
import type { RunReport } from "../../../src/recorder/segments/runReport.ts"
import { SegmentWatcher } from "../../../src/recorder/segments/SegmentWatcher.ts"
import { countFrames, segmentOptions } from "./recordedFiles.ts"

/** Keeps what a watcher told, and lets a test wait until it told enough. */
class Listener {
  readonly watcher: SegmentWatcher
  readonly reports: Array<RunReport> = []
  readonly segments = new Map<string, SegmentSummary>()
  readonly failures: Array<Error> = []
  #checks: Array<() => void> = []
  #worker: Worker | null = null

  constructor() {
    process.once("worker", (worker) => {
      this.#worker = worker
    })
    this.watcher = new SegmentWatcher({ pollMillis: 100 })
    this.watcher.onReport((reports) => {
      this.reports.push(...reports)
      for (const summary of reports.flatMap((report) => report.segments)) {
        this.segments.set(summary.filePath, summary)
      }
      this.#check()
    })
    this.watcher.onFailure((error) => {
      this.failures.push(error)
      this.#check()
    })
  }

  until(isEnough: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#checks.push(() => {
        if (isEnough()) resolve()
      })
      this.#check()
    })
  }

  async killWorker(): Promise<void> {
    await this.#worker?.terminate()
  }

  #check(): void {
    for (const check of this.#checks) check()
  }
}

describe("SegmentWatcher beside a living FFmpeg", () => {
  let recordingsDirectory = ""
  let listener: Listener
  const children: Array<ChildProcess> = []

  beforeEach(() => {
    recordingsDirectory = mkdtempSync(join(tmpdir(), "vigia-watch-"))
    listener = new Listener()
  })

  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL")
        await once(child, "exit")
      }
    }
    await listener.watcher.close()
    rmSync(recordingsDirectory, { recursive: true })
  })

  const record = (runId: string, seconds: number, cameraId = 1): ChildProcess => {
    const runDirectory = runDirectoryOf(recordingsDirectory, cameraId, runId)
    mkdirSync(runDirectory, { recursive: true })
    const input =
      "-re -f lavfi -i testsrc2=size=128x96:rate=25 -c:v libx264 -preset ultrafast -tune zerolatency -g 25"
    const child = spawn("ffmpeg", [
      ...`-nostdin -loglevel error ${input} -t ${seconds}`.split(" "),
      ...segmentOptions(2),
      join(runDirectory, "%06d.mp4"),
    ])
    children.push(child)
    const runStartedAtMillis = Date.now()
    listener.watcher.watch({ runId, cameraId, recordingsDirectory, runStartedAtMillis })
    return child
  }

  const expectSame = (segment: SegmentSummary): void => {
    const path = join(recordingsDirectory, segment.filePath)
    expect(segment.frames).toBe(countFrames(path))
    expect(readSegment(recordingsDirectory, segment.cameraId, segment.filePath)?.summary).toEqual(segment)
  }

  it("follows a run of several files to its end", async () => {
    const startedAtMillis = Date.now()
    await once(record("run", 5), "exit")
    const endedAtMillis = Date.now()
    await listener.watcher.finish("run")
    const segments = [...listener.segments.values()]
    expect(segments.map(({ number, state }) => [number, state])).toEqual([
      [0, "closed"],
      [1, "closed"],
      [2, "closed"],
    ])
    expect(segments.map(({ frames }) => frames)).toEqual([50, 50, 25])
    for (const [index, segment] of segments.entries()) {
      expectSame(segment)
      expect(segment).toMatchObject({ holes: [], missingFrames: 0, audio: "none", clockStepMillis: 0 })
      const touches = segments[index - 1]?.endedAtMillis ?? segment.startedAtMillis
      expect(segment.startedAtMillis).toBe(touches)
    }
    expect(segments[0]?.startedAtMillis).toBeGreaterThanOrEqual(startedAtMillis)
    expect(Math.abs((segments[2]?.endedAtMillis ?? 0) - endedAtMillis)).toBeLessThan(1000)
    const fragments = listener.reports.reduce((sum, report) => sum + report.newFragments, 0)
    expect(fragments).toBe(segments.reduce((sum, segment) => sum + segment.fragments, 0))
    expect(existsSync(runDirectoryOf(recordingsDirectory, 1, "run"))).toBe(false)
    expect(await listener.watcher.finish("run")).toEqual([])
  })

  it("counts what is on disk after kill -9 in the middle", async () => {
    const child = record("run", 60)
    await listener.until(() => [...listener.segments.values()].some(({ number }) => number === 1))
    child.kill("SIGKILL")
    await once(child, "exit")
    const told = await listener.watcher.finish("run")
    expect(told.at(-1)?.state).toBe("closed")
    const segments = [...listener.segments.values()]
    expect(segments.length).toBeGreaterThanOrEqual(2)
    for (const segment of segments) expectSame(segment)
  })

  it("repairs a run that nobody watched, and again without effect", async () => {
    const child = record("run", 60)
    await listener.until(() => listener.segments.size === 1)
    await listener.watcher.close()
    child.kill("SIGKILL")
    await once(child, "exit")
    listener = new Listener()
    const run = { runId: "run", cameraId: 1, recordingsDirectory }
    const { segments } = await listener.watcher.repair(run)
    expect(segments.length).toBeGreaterThanOrEqual(1)
    for (const segment of segments) {
      expect(segment.state).toBe("closed")
      expectSame(segment)
    }
    expect((await listener.watcher.repair(run)).segments).toEqual([])
  })

  it("keeps a run steady when the clock is stepped, and follows it with the next file", async () => {
    const child = record("run", 60)
    await listener.until(() => listener.segments.size === 1)
    listener.watcher.setClockOffset(-3_600_000)
    await listener.until(() => listener.segments.size === 2)
    child.kill("SIGTERM")
    await once(child, "exit")
    await listener.watcher.finish("run")
    const [first, second] = [...listener.segments.values()]
    expect(second?.clockStepMillis).toBeGreaterThan(-3_600_300)
    expect(second?.clockStepMillis).toBeLessThan(-3_599_700)
    const seam = (second?.startedAtMillis ?? 0) - (first?.endedAtMillis ?? 0)
    expect(Math.abs(seam + 3_600_000)).toBeLessThan(500)
  })

  it("tells that its worker died, and takes up the run again", async () => {
    const child = record("run", 60)
    await listener.until(() => listener.segments.size === 1)
    await listener.killWorker()
    await listener.until(() => listener.failures.length > 0)
    expect(listener.failures[0]).toBeInstanceOf(Error)
    const told = listener.reports.length
    await listener.until(() => listener.reports.length > told + 1)
    child.kill("SIGTERM")
    await once(child, "exit")
    const [segment] = await listener.watcher.finish("run")
    expect(segment?.state).toBe("closed")
    for (const each of listener.segments.values()) expectSame(each)
  })
})
