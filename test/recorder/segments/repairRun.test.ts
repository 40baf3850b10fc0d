import {
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"
import { afterEach, describe, expect, it } from "vitest"
import type { PublishFileSystem } from "../../../src/recorder/segments/publishSegment.ts"
import { findUnsettledRuns, repairRun } from "../../../src/recorder/segments/repairRun.ts"
import { numberedPathOf, openIndexPathOf } from "../../../src/recorder/segments/runFiles.ts"
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

describe("taking up a run that an earlier life of the service began", () => {
  it("goes on from the index, and counts what came in between", () => {
    const run = begin()
    const first = run.watcher()
    run.record(first, 4)
    first.close()
    for (let second = 0; second < 3; second++) run.second(null)
    run.record(null, 10)
    run.nextFile()
    for (let second = 0; second < 3; second++) run.second(null)
    const next = run.watcher()
    run.hear(next.poll())
    for (let second = 0; second < 4; second++) run.second(next)
    const segments = run.finish(next)
    expect(segments.map(({ fragments }) => fragments)).toEqual([7, 10, 7])
    for (const [index, startSecond] of [0, 7, 17].entries()) {
      const segment = segments[index]
      expect(Math.abs((segment?.startedAtMillis ?? 0) - beforeMidnight - startSecond * 1000)).toBeLessThan(
        500,
      )
      expect(segment?.holes).toEqual([])
    }
    expect(segments[1]?.startedAtMillis).toBe(segments[0]?.endedAtMillis)
    expect(existsSync(run.runDirectory)).toBe(false)
  })

  it("notices that our clock stepped in between", () => {
    const run = begin()
    const first = run.watcher()
    run.record(first, 4)
    first.close()
    run.stepClock(-hour)
    const next = run.watcher()
    for (let second = 0; second < 4; second++) run.second(next)
    run.record(next, 4)
    const [one, two] = run.finish(next)
    expect(Math.abs((one?.endedAtMillis ?? 0) - beforeMidnight - 8000)).toBeLessThan(300)
    expect(two?.clockStepMillis).toBe(-hour)
  })
})

describe("repairRun", () => {
  const repair = (run: SimulatedRunOnDisk, publish?: PublishFileSystem) =>
    repairRun(run.input, run.clock, undefined, publish)

  it("settles a run after a crash at any moment, loses nothing, and changes nothing the second time", () => {
    const crash = fc.record({
      files: fc.integer({ min: 1, max: 3 }),
      watchedSeconds: fc.integer({ min: 0, max: 13 }),
      goneMillis: fc.integer({ min: 0, max: 2 * hour }),
      cutBytes: fc.integer({ min: 0, max: 60 }),
      hardLinks: fc.boolean(),
    })
    fc.assert(
      fc.property(crash, ({ files, watchedSeconds, goneMillis, cutBytes, hardLinks }) => {
        const run = new SimulatedRunOnDisk(beforeMidnight)
        try {
          const publish = hardLinks ? undefined : withoutHardLinks
          const watcher = run.watcher(publish)
          for (let file = 0; file < files; file++) {
            run.nextFile()
            for (let second = 0; second < 5; second++) {
              run.second(file * 5 + second < watchedSeconds ? watcher : null)
            }
          }
          watcher.close()
          cutLastIndex(run, files, cutBytes)
          run.pass(goneMillis)
          run.hear(repair(run, publish))
          const segments = [...run.summaries.values()]
          expect(segments.every(({ state }) => state === "closed")).toBe(true)
          expect(run.recordedFrames).toBe(files * 125)
          expect(run.segmentFiles().length).toBe(files)
          for (const [index, segment] of segments.entries()) {
            const start = beforeMidnight + index * 5000
            expect(Math.abs(segment.startedAtMillis - start)).toBeLessThan(500)
            expect(Math.abs(segment.endedAtMillis - start - 5000)).toBeLessThan(500)
          }
          const before = run.files()
          expect(repair(run, publish).segments).toEqual([])
          expect(run.files()).toEqual(before)
          expect(findUnsettledRuns(run.recordingsDirectory)).toEqual([])
        } finally {
          run.remove()
        }
      }),
      { numRuns: 60, seed: 11 },
    )
  })

  it("completes a publishing that stopped between link and unlink", () => {
    const run = begin()
    const watcher = run.watcher()
    run.record(watcher, 3)
    watcher.close()
    const [segment] = [...run.summaries.values()]
    const published = join(run.recordingsDirectory, segment?.filePath ?? "")
    linkSync(published, numberedPathOf(run.runDirectory, 0))
    expect(repair(run).segments.map(({ frames }) => frames)).toEqual([75])
    expect(run.segmentFiles()).toEqual([segment?.filePath])
  })

  it("publishes anew where only the intent was written down", () => {
    const run = begin()
    const watcher = run.watcher()
    run.record(watcher, 3)
    watcher.close()
    const [segment] = [...run.summaries.values()]
    const published = join(run.recordingsDirectory, segment?.filePath ?? "")
    linkSync(published, numberedPathOf(run.runDirectory, 0))
    writeFileSync(`${published}.other`, "another recording")
    renameSync(`${published}.other`, published)
    const [repaired] = repair(run).segments
    expect(repaired?.filePath).toBe("cam_1/2026-01-14/23-59-53.mp4")
    expect(readFileSync(published, "utf8")).toBe("another recording")
  })

  it("takes the mtime for the end of a file that nobody watched", () => {
    const run = begin()
    run.record(null, 10)
    const [segment] = repair(run).segments
    expect(segment).toMatchObject({
      startedAtMillis: beforeMidnight,
      endedAtMillis: beforeMidnight + 10_000,
      filePath: "cam_1/2026-01-14/23-59-52.mp4",
    })
  })

  it("forgets an index whose recording was deleted", () => {
    const run = begin()
    const watcher = run.watcher()
    run.record(watcher, 3)
    watcher.close()
    unlinkSync(join(run.recordingsDirectory, [...run.summaries.values()][0]?.filePath ?? ""))
    expect(repair(run).segments).toEqual([])
    expect(run.files()).toEqual([])
    expect(existsSync(run.runDirectory)).toBe(false)
  })
})

/** Loses the end of the index that was being written, as a crash of the machine may. */
const cutLastIndex = (run: SimulatedRunOnDisk, files: number, bytes: number): void => {
  for (let number = files - 1; number >= 0; number--) {
    const path = openIndexPathOf(run.runDirectory, number)
    if (!existsSync(path)) continue
    const text = readFileSync(path, "utf8")
    const headerBytes = text.indexOf("\n") + 1
    truncateSync(path, Math.max(headerBytes, text.length - bytes))
    return
  }
}
