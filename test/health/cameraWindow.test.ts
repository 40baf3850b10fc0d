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

  it("does not measure what one of its recordings does not tell", () => {
    const sums = frameSums(
      [row(0, 1000, { lostPackets: 3, damagedFramesAtMost: 2 }), row(1000, 2000, { missingFrames: null })],
      span(0, 2000),
    )
    expect(cameraWindow({ enabledMillis: 2000, unrecordedMillis: 0, frames: sums }, 2000)).toMatchObject({
      frames: 2000,
      missingFrames: null,
      frameLossPercent: null,
      lostPackets: null,
      damagedFramesAtMost: null,
    })
  })
})
