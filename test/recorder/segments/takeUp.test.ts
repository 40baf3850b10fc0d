import { afterEach, describe, expect, it } from "vitest"
import { SimulatedRunOnDisk } from "./SimulatedRunOnDisk.ts"

const startedAtMillis = Date.UTC(2026, 0, 14, 23, 59, 52)

const open: Array<SimulatedRunOnDisk> = []
const begin = (): SimulatedRunOnDisk => {
  const run = new SimulatedRunOnDisk(startedAtMillis)
  open.push(run)
  return run
}

afterEach(() => {
  for (const run of open.splice(0)) run.remove()
})

describe("taking up a run that went on while nobody watched", () => {
  it.each([0, 1, 3])("reads all files since at once, %d of them ended meanwhile", (files) => {
    const run = begin()
    const earlier = run.watcher()
    run.record(earlier, 10)
    earlier.close()
    run.second(null)
    for (let file = 0; file < files; file++) run.record(null, 15)
    if (files > 0) run.record(null, 2)

    const watcher = run.watcher()
    const report = watcher.takeUp()
    run.hear(report)
    expect(report.lastArrivalMonotonicMillis).toBeCloseTo(run.monotonicMillis, -1)
    expect(report.newFragments).toBeGreaterThan(0)
    expect(report.segments.map(({ state }) => state)).toEqual([
      ...Array.from({ length: files > 0 ? files + 1 : 0 }, () => "closed"),
      "growing",
    ])
    run.second(watcher)
    const segments = run.finish(watcher)
    expect(run.recordedFrames).toBe(25 * (files > 0 ? 14 + 15 * files : 12))
    for (const [index, { endedAtMillis }] of segments.slice(0, -1).entries()) {
      expect(segments[index + 1]?.startedAtMillis).toBeCloseTo(endedAtMillis, -1)
    }
  })

  it("tells when the last fragment came also where the next file has none yet", () => {
    const run = begin()
    const earlier = run.watcher()
    run.record(earlier, 10)
    earlier.close()
    run.record(null, 15)
    const arrivedAtMillis = run.monotonicMillis
    run.pass(300)
    run.nextFile()
    const watcher = run.watcher()
    const { segments, newFragments, lastArrivalMonotonicMillis } = watcher.takeUp()
    watcher.close()
    expect(segments.map(({ state }) => state)).toEqual(["closed", "closed"])
    expect(newFragments).toBeGreaterThan(0)
    expect(lastArrivalMonotonicMillis).toBeCloseTo(arrivedAtMillis, -1)
  })

  it("tells the growing file also where nothing is new", () => {
    const run = begin()
    const earlier = run.watcher()
    run.record(earlier, 10)
    earlier.close()
    const arrivedAtMillis = run.monotonicMillis
    run.pass(4000)
    const watcher = run.watcher()
    const { segments, newFragments, lastArrivalMonotonicMillis } = watcher.takeUp()
    watcher.close()
    expect(segments.map(({ state, frames }) => ({ state, frames }))).toEqual([
      { state: "growing", frames: 250 },
    ])
    expect(newFragments).toBe(10)
    expect(lastArrivalMonotonicMillis).toBeCloseTo(arrivedAtMillis, -1)
  })
})
