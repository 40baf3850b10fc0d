import { existsSync, statSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { readSegment } from "../../../src/recorder/segments/readSegment.ts"
import { SimulatedRunOnDisk, withoutHardLinks } from "./SimulatedRunOnDisk.ts"

const hour = 3_600_000
const beforeMidnight = Date.UTC(2026, 0, 14, 23, 59, 52)

const open: Array<SimulatedRunOnDisk> = []
const begin = (): SimulatedRunOnDisk => {
  const run = new SimulatedRunOnDisk(beforeMidnight)
  open.push(run)
  return run
}

afterEach(() => {
  for (const run of open.splice(0)) run.remove()
})

describe("RunWatcher", () => {
  it("publishes each file under its UTC start, over midnight, and removes the run's directory", () => {
    const run = begin()
    const watcher = run.watcher()
    for (let file = 0; file < 3; file++) run.record(watcher, 10)
    const segments = run.finish(watcher)
    expect(segments.map(({ filePath }) => filePath)).toEqual([
      "cam_1/2026-01-14/23-59-52.mp4",
      "cam_1/2026-01-15/00-00-02.mp4",
      "cam_1/2026-01-15/00-00-12.mp4",
    ])
    for (const [index, segment] of segments.entries()) {
      expect(segment).toMatchObject({
        state: "closed",
        startedAtMillis: beforeMidnight + index * 10_000,
        endedAtMillis: beforeMidnight + (index + 1) * 10_000,
        fragments: 10,
        frames: 250,
        missingFrames: 0,
        videoSampleEntry: "avc1",
        audio: "recorded",
        holes: [],
        clockStepMillis: 0,
      })
      expect(segment.sizeBytes).toBe(statSync(join(run.recordingsDirectory, segment.filePath)).size)
    }
    expect(existsSync(run.runDirectory)).toBe(false)
    expect(run.files().length).toBe(6)
  })

  it("tells of new fragments with their arrival on the monotonic clock, and nothing when idle", () => {
    const run = begin()
    const watcher = run.watcher()
    expect(watcher.poll()).toBeNull()
    run.record(watcher, 3)
    expect(run.reports.map(({ newFragments }) => newFragments)).toEqual([1, 1, 1])
    expect(run.reports.at(-1)?.lastArrivalMonotonicMillis).toBeCloseTo(run.monotonicMillis, 0)
    for (let tick = 0; tick < 50; tick++) {
      run.pass(200)
      expect(watcher.poll()).toBeNull()
    }
    watcher.close()
  })

  it("leaves an index from which the same summary is read", () => {
    const run = begin()
    const watcher = run.watcher()
    run.record(watcher, 10)
    run.pass(8000)
    run.record(watcher, 5)
    for (const segment of run.finish(watcher)) {
      const details = readSegment(run.recordingsDirectory, 1, segment.filePath)
      expect(details?.summary).toEqual(segment)
      expect(details?.knots.at(-1)?.wallMillis).toBeCloseTo(segment.endedAtMillis, -1)
    }
  })

  it("removes a numbered file without a whole fragment, and says nothing of it", () => {
    const run = begin()
    const watcher = run.watcher()
    run.nextFile()
    run.pass(1000)
    run.hear(watcher.poll())
    expect(run.finish(watcher)).toEqual([])
    expect(run.files()).toEqual([])
    expect(existsSync(run.runDirectory)).toBe(false)
  })

  it.each([1, 2])("does not take %i fragments flushed at FFmpeg's exit for arrivals", (flushed) => {
    const run = begin()
    const watcher = run.watcher()
    run.record(watcher, 8)
    run.pass(10_000)
    for (let index = 1; index < flushed; index++) run.second(watcher)
    run.second(null)
    const [segment] = run.finish(watcher)
    expect(segment?.endedAtMillis).toBe(beforeMidnight + (8 + flushed) * 1000)
    expect(segment?.holes).toEqual([])
  })

  it.each([
    ["-10 s", -10_000],
    ["-1 h", -hour],
    ["-1 day", -24 * hour],
    ["+1 h", hour],
  ])("keeps time steady within a file when our clock steps by %s", (_, step) => {
    for (const publish of [undefined, withoutHardLinks]) {
      const run = begin()
      const watcher = run.watcher(publish)
      run.record(watcher, 10)
      run.nextFile()
      for (let second = 0; second < 4; second++) run.second(watcher)
      run.stepClock(step)
      for (let second = 0; second < 6; second++) run.second(watcher)
      run.record(watcher, 10)
      const [first, second, third] = run.finish(watcher)
      const start = beforeMidnight
      expect(first).toMatchObject({ startedAtMillis: start, endedAtMillis: start + 10_000 })
      expect(second).toMatchObject({ clockStepMillis: 0, startedAtMillis: start + 10_000, holes: [] })
      expect(Math.abs((second?.endedAtMillis ?? 0) - start - 20_000)).toBeLessThan(300)
      expect(third).toMatchObject({ clockStepMillis: step, holes: [] })
      expect(Math.abs((third?.startedAtMillis ?? 0) - start - 20_000 - step)).toBeLessThan(300)
      expect(Math.abs((third?.endedAtMillis ?? 0) - start - 30_000 - step)).toBeLessThan(300)
      expect(run.segmentFiles().length).toBe(3)
      expect(run.recordedFrames).toBe(750)
    }
  })

  it.each([-hour, hour])("is not misled by a step (%i ms) between a write and the look at it", (step) => {
    const run = begin()
    const watcher = run.watcher()
    run.nextFile()
    for (let second = 0; second < 4; second++) run.second(watcher)
    run.second(null)
    run.stepClock(step)
    for (let second = 0; second < 5; second++) run.second(watcher)
    const [segment] = run.finish(watcher)
    expect(segment?.startedAtMillis).toBe(beforeMidnight)
    expect(Math.abs((segment?.endedAtMillis ?? 0) - beforeMidnight - 10_000)).toBeLessThan(300)
    expect(segment?.holes).toEqual([])
  })

  it.each([-hour, hour])("bears a file server whose clock is %i ms off", (off) => {
    const run = begin()
    run.fileClockOffMillis = off
    const watcher = run.watcher()
    run.hear(watcher.poll())
    for (let file = 0; file < 3; file++) run.record(watcher, 10)
    const segments = run.finish(watcher)
    expect(Math.abs((segments[0]?.startedAtMillis ?? 0) - beforeMidnight)).toBeLessThan(700)
    expect(Math.abs((segments[2]?.endedAtMillis ?? 0) - beforeMidnight - 30_000)).toBeLessThan(700)
    expect(segments.flatMap(({ holes }) => holes)).toEqual([])
  })

  it("follows slewing of our clock instead of calling it a step", () => {
    const run = begin()
    const watcher = run.watcher()
    run.nextFile()
    for (let second = 0; second < 60; second++) {
      run.stepClock(20)
      run.second(watcher)
    }
    run.record(watcher, 5)
    const [first, second] = run.finish(watcher)
    expect(second?.clockStepMillis).toBe(0)
    expect(second?.startedAtMillis).toBe(first?.endedAtMillis)
    expect(Math.abs((second?.endedAtMillis ?? 0) - beforeMidnight - 65_000 - 1200)).toBeLessThan(500)
  })

  it("reports what the file system refuses, once, and goes on when it gives in", () => {
    const run = begin()
    const watcher = run.watcher()
    const day = join(run.recordingsDirectory, "cam_1", "2026-01-14")
    writeFileSync(day, "")
    run.record(watcher, 6)
    const failures = run.reports.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
    expect(failures).toEqual([{ type: "watch.failed", code: "EEXIST", path: day }])
    expect(run.summaries.size).toBe(0)
    unlinkSync(day)
    for (let second = 0; second < 3; second++) run.second(watcher)
    const [segment] = run.finish(watcher)
    expect(segment).toMatchObject({ fragments: 9, filePath: "cam_1/2026-01-14/23-59-52.mp4" })
    expect(readSegment(run.recordingsDirectory, 1, segment?.filePath ?? "")?.summary).toEqual(segment)
  })
})
