import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { retryAfterMillis, retryDelayMillis } from "../../src/delivery/retryDelay.ts"

describe("the wait between tries", () => {
  it("doubles from 1 s to 5 min, with jitter", () => {
    const spans = Array.from({ length: 12 }, (_, index) => [
      retryDelayMillis(index + 1, 1, null) / 1000,
      retryDelayMillis(index + 1, 0, null) / 1000,
    ])
    expect(spans).toEqual([
      [1, 2],
      [2, 4],
      [4, 8],
      [8, 16],
      [16, 32],
      [32, 64],
      [64, 128],
      [128, 256],
      [150, 300],
      [150, 300],
      [150, 300],
      [150, 300],
    ])
  })

  it("is at least what the receiver asks for, up to an hour", () => {
    const count = fc.integer({ min: 1, max: 10_000 })
    const random = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(count, random, fc.nat(10_000_000), (failures, drawn, askedMillis) => {
        const millis = retryDelayMillis(failures, drawn, askedMillis)
        expect(millis).toBeGreaterThanOrEqual(Math.max(1000, Math.min(askedMillis, 3_600_000)))
        expect(millis).toBeLessThanOrEqual(Math.max(300_000, Math.min(askedMillis, 3_600_000)))
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  const nowMillis = Date.parse("2026-01-14T15:00:00Z")
  it.each([
    [null, null],
    ["", null],
    ["soon", null],
    ["-5", null],
    ["1.5", null],
    ["0", 0],
    ["120", 120_000],
    ["Wed, 14 Jan 2026 15:02:00 GMT", 120_000],
    ["Wed, 14 Jan 2026 14:00:00 GMT", 0],
    ["Wed, 99 Jan", null],
  ])("reads a Retry-After of %s as %s", (header, expected) => {
    expect(retryAfterMillis(header, nowMillis)).toBe(expected)
  })
})
