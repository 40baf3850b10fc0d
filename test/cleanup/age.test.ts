import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { clockSteps, instantOfAge, type LivedSpans, withLived } from "../../src/cleanup/age.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse("2026-06-10T03:00:00Z")
const untilStart: LivedSpans = [{ fromMillis: 0, toMillis: start }]
const longest = 30 * day

describe("the age of a recording", () => {
  it("is that by the clock, where it just went on", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 24 * 60 }), { maxLength: 50 }), (minutes) => {
        let lived = untilStart
        let nowMillis = start
        for (const one of minutes) {
          // An outage of at most a day, then the service lives for a minute.
          const fromMillis = nowMillis + one * 60_000
          nowMillis = fromMillis + 60_000
          lived = withLived(lived, { fromMillis, toMillis: nowMillis }, longest)
        }
        for (const age of [1, 7, 15, 30]) expect(instantOfAge(lived, age * day)).toBe(nowMillis - age * day)
        expect(clockSteps(lived, longest)).toEqual([])
      }),
    )
  })

  it("leaves out what nobody lived through, and says when that was", () => {
    const back = start + 40 * day
    const lived = withLived(untilStart, { fromMillis: back, toMillis: back + 2 * day }, longest)
    expect(instantOfAge(lived, 2 * day)).toBe(back)
    expect(instantOfAge(lived, 2 * day + 1)).toBe(start - 1)
    expect(instantOfAge(lived, 7 * day)).toBe(start - 5 * day)
    expect(clockSteps(lived, 7 * day)).toEqual([{ fromMillis: start, toMillis: back }])
    expect(clockSteps(lived, day)).toEqual([])
  })

  it("is that by the clock again when a wrong one was set right", () => {
    const wrong = start + 400 * day
    let lived = withLived(untilStart, { fromMillis: wrong, toMillis: wrong + hour }, longest)
    lived = withLived(lived, { fromMillis: start + hour, toMillis: start + day }, longest)
    expect(instantOfAge(lived, 7 * day)).toBe(start - 6 * day)
  })

  it("is no more than was lived, and a day for each step, however the clock is set", () => {
    const event = fc.record({
      livedMinutes: fc.nat(3 * 24 * 60),
      stepHours: fc.oneof(fc.constant(0), fc.integer({ min: -60 * 24, max: 60 * 24 })),
    })
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (events, days) => {
          let lived = untilStart
          let nowMillis = start
          let livedMillis = 0
          let steps = 0
          /** What ended when, by the clock of the time and by the time lived until then. */
          const recordings = [{ endMillis: start, livedMillis: 0, steps: 0 }]
          for (const { livedMinutes, stepHours } of events) {
            const fromMillis = nowMillis + stepHours * hour
            if (stepHours !== 0) steps += 1
            const spanMillis = livedMinutes * 60_000
            nowMillis = fromMillis + spanMillis
            lived = withLived(lived, { fromMillis, toMillis: nowMillis }, longest)
            const between = spanMillis / 2
            recordings.push({ endMillis: fromMillis + between, livedMillis: livedMillis + between, steps })
            livedMillis += spanMillis
            const cutoff = instantOfAge(lived, days * day)
            expect(cutoff).toBeLessThanOrEqual(Math.max(0, nowMillis - days * day))
            for (const one of recordings) {
              if (one.endMillis >= cutoff) continue
              const age = livedMillis - one.livedMillis + (steps - one.steps) * day
              expect(age).toBeGreaterThanOrEqual(days * day)
            }
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it("is forgotten beyond the longest that is asked for", () => {
    let lived: LivedSpans = []
    for (let at = 0; at < 200; at++) {
      const fromMillis = start + at * 10 * day
      lived = withLived(lived, { fromMillis, toMillis: fromMillis + 3 * day }, longest)
    }
    expect(lived.length).toBe(10)
  })
})
