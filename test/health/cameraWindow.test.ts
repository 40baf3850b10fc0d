import { describe, expect, it } from "vitest"
import { coverage } from "../../src/domain/coverage.ts"
import { cameraWindow, windowPart } from "../../src/health/cameraWindow.ts"
import { frameSums, noFrames } from "../../src/storage/frameSums.ts"

const span = (fromMillis: number, toMillis: number) => ({ fromMillis, toMillis })

const row = (startMillis: number, endMillis: number, counts: object = {}) => ({
  startMillis,
  endMillis,
  frames: 1000,
  missingFrames: 10,
  lostPackets: null,
  damagedFramesAtMost: null,
  ...counts,
})

describe("a window", () => {
  it("counts what was deleted as recorded, and instants that never were not at all", () => {
    const facts = {
      range: span(0, 100_000),
      enabledPeriods: [span(10_000, 90_000)],
      recorded: [span(5000, 40_000), span(70_000, 90_000)],
      gaps: [
        { ...span(40_000, 55_000), cause: "deleted" as const },
        { ...span(55_000, 60_000), cause: "clock_step" as const },
        { ...span(60_000, 70_000), cause: "stalled" as const },
      ],
    }
    const window = cameraWindow(windowPart(coverage(facts), noFrames), 100_000)
    expect(window).toMatchObject({ enabledSeconds: 75, recordedSeconds: 65, uptime: 65 / 75 })
  })

  it("measures nothing of a camera that was not to be recorded", () => {
    const facts = { range: span(0, 1000), enabledPeriods: [], recorded: [span(0, 500)], gaps: [] }
    expect(cameraWindow(windowPart(coverage(facts), noFrames), 1000)).toMatchObject({
      uptime: null,
      recordedSeconds: 0,
      missingFrames: null,
      frameLossPercent: null,
    })
  })

  it("takes a recording that lies there partly by its share of time", () => {
    const sums = frameSums([row(0, 4000), row(4000, 8000)], span(3000, 8000))
    const part = { enabledMillis: 5000, unrecordedMillis: 0, frames: sums }
    expect(cameraWindow(part, 8000)).toMatchObject({
      frames: 1250,
      missingFrames: 13,
      frameLossPercent: (100 * 12.5) / 1262.5,
    })
  })

  const windowOf = (rows: ReadonlyArray<ReturnType<typeof row>>) => {
    const range = span(0, 1000 * rows.length)
    const placed = rows.map((one, at) => ({ ...one, startMillis: 1000 * at, endMillis: 1000 * (at + 1) }))
    const part = { enabledMillis: range.toMillis, unrecordedMillis: 0, frames: frameSums(placed, range) }
    return cameraWindow(part, range.toMillis)
  }

  it("measures missing frames while 95 % of the frames are of recordings that tell", () => {
    const irregular = (frames: number) => row(0, 1, { frames, missingFrames: null })
    const regular = row(0, 1, { frames: 9500, missingFrames: 500 })
    const month = windowOf([...Array.from({ length: 719 }, () => regular), irregular(10)])
    expect(month).toMatchObject({ frames: 719 * 9500 + 10, missingFrames: 719 * 500 })
    expect(month.frameLossPercent).toBeCloseTo(5, 10)
    expect(month.missingMeasuredShare).toBeCloseTo((719 * 9500) / (719 * 9500 + 10), 10)
    expect(windowOf([regular, irregular(500)])).toMatchObject({
      missingFrames: 500,
      frameLossPercent: 5,
      missingMeasuredShare: 0.95,
    })
    expect(windowOf([regular, irregular(501)])).toMatchObject({
      frames: 10_001,
      missingFrames: null,
      frameLossPercent: null,
      missingMeasuredShare: 9500 / 10_001,
    })
    // The rate varies all the time.
    expect(windowOf(Array.from({ length: 24 }, () => irregular(1000)))).toMatchObject({
      frames: 24_000,
      missingFrames: null,
      frameLossPercent: null,
      missingMeasuredShare: 0,
    })
  })

  it("counts lost packets of the recordings over UDP, and says how much these are of it", () => {
    const lossy = row(0, 1, { lostPackets: 3, damagedFramesAtMost: 2 })
    expect(windowOf([row(0, 1), row(0, 1), row(0, 1), lossy])).toMatchObject({
      frames: 4000,
      lostPackets: 3,
      damagedFramesAtMost: 2,
      lossMeasuredShare: 0.25,
    })
    expect(windowOf([row(0, 1)])).toMatchObject({
      lostPackets: null,
      damagedFramesAtMost: null,
      lossMeasuredShare: 0,
    })
  })
})
