import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type CameraGrowth, forecast } from "../../src/cleanup/forecast.ts"

const day = 86_400_000
const camera = (change: Partial<CameraGrowth>): CameraGrowth => ({
  plan: "basic",
  retentionDays: 7,
  bytesPerSecond: 100,
  historyMillis: 0,
  ...change,
})
const perDay = (bytesPerSecond: number): number => bytesPerSecond * 86_400

const anyCamera = fc
  .record({
    plan: fc.constantFrom("basic" as const, "pro" as const, "premium" as const),
    retentionDays: fc.integer({ min: 1, max: 30 }),
    bytesPerSecond: fc.integer({ min: 1, max: 1000 }),
    history: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ history, ...rest }) => ({ ...rest, historyMillis: history * rest.retentionDays * day }))

describe("the forecast", () => {
  it("says nothing while nothing is measured", () => {
    const disk = { usedBytes: 0, recordedBytes: 0, limitBytes: 100 }
    expect(forecast(disk, [])).toBeNull()
    expect(forecast(disk, [camera({ bytesPerSecond: null })])).toBeNull()
    expect(forecast(disk, [camera({}), camera({ bytesPerSecond: null })])?.unmeasuredCameras).toBe(1)
  })

  it("is full after the time that the rates need, where retention lies further off", () => {
    const disk = { usedBytes: 0, recordedBytes: 0, limitBytes: perDay(200) * 3 }
    const found = forecast(disk, [camera({}), camera({ plan: "pro", retentionDays: 15 })])
    expect((found?.fullInMillis ?? 0) / day).toBeCloseTo(3, 6)
    expect(found?.plans.map(({ plan, fits }) => [plan, fits])).toEqual([
      ["basic", false],
      ["pro", false],
    ])
    expect(found?.plans.map(({ historyDays }) => Math.round(historyDays * 100) / 100)).toEqual([3, 3])
  })

  it("is never full where all that is to be kept fits", () => {
    const disk = { usedBytes: 10, recordedBytes: 0, limitBytes: perDay(100) * 7 + 10 + 1 }
    expect(forecast(disk, [camera({})])).toMatchObject({
      fullInMillis: Infinity,
      plans: [{ fits: true, historyDays: 7, retentionDays: 7 }],
    })
  })

  it("lets a short retention fit beside a long one that does not", () => {
    // Seven days of both, and then three more of the other.
    const disk = { usedBytes: 0, recordedBytes: 0, limitBytes: perDay(100) * 14 + perDay(100) * 3 }
    const found = forecast(disk, [camera({}), camera({ plan: "premium", retentionDays: 30 })])
    expect(found?.plans.map(({ plan, fits }) => [plan, fits])).toEqual([
      ["basic", true],
      ["premium", false],
    ])
    expect(found?.plans[1]?.historyDays).toBeCloseTo(10, 6)
    expect((found?.fullInMillis ?? 0) / day).toBeCloseTo(10, 6)
  })

  it("is right at its own answer: that is when the cameras have filled the rest", () => {
    fc.assert(
      fc.property(
        fc.array(anyCamera, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 5_000_000_000 }),
        (cameras, roomBytes) => {
          const found = forecast({ usedBytes: 50, recordedBytes: 0, limitBytes: 50 + roomBytes }, cameras)
          const grown = (millis: number) =>
            cameras.reduce(
              (sum, { bytesPerSecond, retentionDays, historyMillis }) =>
                sum + (bytesPerSecond / 1000) * Math.min(millis, retentionDays * day - historyMillis),
              0,
            )
          const full = found?.fullInMillis ?? 0
          const isRight =
            full === Infinity
              ? grown(31 * day) <= roomBytes * (1 + 1e-9) + 1
              : Math.abs(grown(full) / roomBytes - 1) < 1e-6
          expect(isRight).toBe(true)
        },
      ),
    )
  })
})
