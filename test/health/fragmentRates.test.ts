import { describe, expect, it } from "vitest"
import { FragmentRates } from "../../src/health/FragmentRates.ts"
import { summary } from "../storage/accounting/summaries.ts"

const report = (atMillis: number, frames: number, change: { number?: number; runId?: string } = {}) => ({
  runId: change.runId ?? "run-1",
  cameraId: 1,
  segments: [
    summary({ startedAtMillis: 0, endedAtMillis: atMillis, frames, sizeBytes: frames * 100, ...change }),
  ],
  newFragments: 1,
  readLogBytes: null,
  lastArrivalMonotonicMillis: atMillis,
})

describe("FragmentRates", () => {
  it("takes what an adopted run had recorded before for nothing new", () => {
    const rates = new FragmentRates()
    rates.noted([report(1000, 90_000)])
    expect(rates.rate(1, 1000)).toBe(null)
    rates.noted([report(2000, 90_025)])
    expect(rates.rate(1, 2500)).toEqual({ framesPerSecond: 25, bitsPerSecond: 20_000 })
    expect(rates.lastArrivalMillis(1)).toBe(2000)
  })

  it("goes on over the end of a segment, and begins anew with another run", () => {
    const rates = new FragmentRates()
    rates.noted([report(0, 100)])
    rates.noted([report(1000, 125)])
    rates.noted([{ ...report(2000, 25, { number: 1 }) }])
    expect(rates.rate(1, 2000)?.framesPerSecond).toBe(25)
    rates.noted([report(3000, 25, { runId: "run-2" })])
    expect(rates.rate(1, 3000)).toBe(null)
  })

  it("sums how much the files grew, but for what was there before", () => {
    const rates = new FragmentRates()
    const grown = (...reports: ReadonlyArray<ReturnType<typeof report>>) => {
      rates.noted(reports)
      return rates.grownBytes(1)
    }
    expect(rates.grownBytes(1)).toBe(0)
    expect(grown(report(1000, 90_000))).toBe(0)
    expect(grown(report(2000, 90_025))).toBe(2500)
    expect(grown(report(3000, 50, { number: 1 }))).toBe(7500)
    expect(grown(report(4000, 10, { runId: "run-2" }))).toBe(8500)
    rates.keepOnly(new Set())
    expect(rates.grownBytes(1)).toBe(0)
  })

  it("looks at the last 10 s only, and says nothing where nothing arrives any more", () => {
    const rates = new FragmentRates()
    for (let second = 0; second <= 20; second++)
      rates.noted([report(second * 1000, second < 10 ? 0 : second * 10)])
    expect(rates.rate(1, 20_000)?.framesPerSecond).toBe(10)
    expect(rates.rate(1, 30_500)).toBe(null)
    rates.keepOnly(new Set([2]))
    expect(rates.lastArrivalMillis(1)).toBe(null)
  })
})
