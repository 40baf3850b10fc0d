import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Cause } from "../../src/domain/Cause.ts"
import { coverage, type CoverageFacts, touchMillis } from "../../src/domain/coverage.ts"
import type { Gap, Span } from "../../src/domain/Segment.ts"

const span = (fromMillis: number, toMillis: number): Span => ({ fromMillis, toMillis })
const gap = (fromMillis: number, toMillis: number, cause: Cause): Gap => ({ fromMillis, toMillis, cause })
const short = (facts: CoverageFacts) =>
  coverage(facts).spans.map(
    (one) => `${one.kind === "gap" ? one.cause : one.kind} ${one.fromMillis}-${one.toMillis}`,
  )

/** Five enabled seconds. */
const all = (recorded: ReadonlyArray<Span>, gaps: ReadonlyArray<Gap> = []): CoverageFacts => ({
  range: span(0, 5000),
  enabledPeriods: [span(0, 5000)],
  recorded,
  gaps,
})
const apart = (distance: number) => [span(0, 2000), span(2000 + distance, 5000)]
const cut = (cause: Cause) => all([span(0, 5000)], [gap(2000, 3000, cause)])
const holds = (spans: ReadonlyArray<Span>, at: number) =>
  spans.some(({ fromMillis, toMillis }) => fromMillis <= at && at < toMillis)

describe("coverage", () => {
  it("tells recorded, missing and stopped time apart", () => {
    expect(
      short({
        range: span(0, 10_000),
        enabledPeriods: [span(1000, 8000)],
        recorded: [span(2000, 4000), span(3000, 5000)],
        gaps: [gap(1000, 2000, "starting"), gap(6000, 8000, "stalled")],
      }),
    ).toEqual([
      "stopped 0-1000",
      "starting 1000-2000",
      "recorded 2000-5000",
      "unknown 5000-6000",
      "stalled 6000-8000",
      "stopped 8000-10000",
    ])
  })

  it("counts a recording that reaches beyond the enabled time", () => {
    expect(
      short({ range: span(0, 3000), enabledPeriods: [span(0, 1000)], recorded: [span(0, 2000)], gaps: [] }),
    ).toEqual(["recorded 0-2000", "stopped 2000-3000"])
  })

  it("adds up the enabled time within the range, once, whatever was recorded", () => {
    const enabledPeriods = [span(0, 1000), span(500, 1500), span(4000, 9000)]
    const facts = { range: span(200, 5000), enabledPeriods, recorded: [span(0, 3000)], gaps: [] }
    expect(coverage(facts).enabledMillis).toBe(2300)
  })

  it("joins what is within the accuracy of the bounds, and not a millisecond more", () => {
    expect(short(all(apart(touchMillis)))).toEqual(["recorded 0-5000"])
    expect(short(all(apart(touchMillis + 1)))).toEqual([
      "recorded 0-2000",
      "unknown 2000-2501",
      "recorded 2501-5000",
    ])
  })

  it("lets a hole of the camera cut the segment, and no other gap", () => {
    expect(short(cut("no_frames"))).toEqual(["recorded 0-2000", "no_frames 2000-3000", "recorded 3000-5000"])
    expect(short(cut("stalled"))).toEqual(["recorded 0-5000"])
  })
})

const arbitrarySpan = fc
  .tuple(fc.integer({ min: -2000, max: 12_000 }), fc.integer({ min: -100, max: 4000 }))
  .map(([fromMillis, length]) => span(fromMillis, fromMillis + length))
const arbitraryGap = fc
  .tuple(arbitrarySpan, fc.constantFrom<Cause>("no_frames", "stalled", "starting", "service_down"))
  .map(([where, cause]) => ({ ...where, cause }))
const arbitraryFacts: fc.Arbitrary<CoverageFacts> = fc.record({
  range: fc.integer({ min: 1, max: 10_000 }).map((toMillis) => span(0, toMillis)),
  enabledPeriods: fc.array(arbitrarySpan, { maxLength: 4 }),
  recorded: fc.array(arbitrarySpan, { maxLength: 8 }),
  gaps: fc.array(arbitraryGap, { maxLength: 8 }),
})
const seeded = { seed: 20_260_114, numRuns: 3000 }

describe("coverage of anything", () => {
  it("tiles the range exactly, with sums that agree", () => {
    fc.assert(
      fc.property(arbitraryFacts, (facts) => {
        const result = coverage(facts)
        expect(result.spans.every(({ fromMillis, toMillis }) => fromMillis < toMillis)).toBe(true)
        expect([facts.range.fromMillis, ...result.spans.map(({ toMillis }) => toMillis)]).toEqual([
          ...result.spans.map(({ fromMillis }) => fromMillis),
          facts.range.toMillis,
        ])
        expect(result.recordedMillis + result.gapMillis + result.stoppedMillis).toBe(facts.range.toMillis)
      }),
      seeded,
    )
  })

  it("does not depend on the order of the rows", () => {
    fc.assert(
      fc.property(arbitraryFacts, (facts) => {
        expect(
          coverage({
            range: facts.range,
            enabledPeriods: facts.enabledPeriods.toReversed(),
            recorded: facts.recorded.toReversed(),
            gaps: facts.gaps.toReversed(),
          }),
        ).toEqual(coverage(facts))
      }),
      seeded,
    )
  })

  it("gives the same account of its own account", () => {
    fc.assert(
      fc.property(arbitraryFacts, (facts) => {
        const once = coverage(facts)
        const again = coverage({
          range: facts.range,
          enabledPeriods: once.spans.filter(({ kind }) => kind === "gap"),
          recorded: once.spans.filter(({ kind }) => kind === "recorded"),
          gaps: once.spans.filter((one) => one.kind === "gap"),
        })
        // What was enabled is not to be seen in an account.
        expect({ ...again, enabledMillis: once.enabledMillis }).toEqual(once)
      }),
      seeded,
    )
  })

  it("agrees at every instant with the rule stated for an instant", () => {
    fc.assert(
      fc.property(arbitraryFacts, fc.integer({ min: 0, max: 9999 }), (facts, at) => {
        fc.pre(at < facts.range.toMillis)
        const kind = coverage(facts).spans.find((one) => one.fromMillis <= at && at < one.toMillis)?.kind
        const isHole = holds(
          facts.gaps.filter(({ cause }) => cause === "no_frames"),
          at,
        )
        const isWanted = holds(facts.enabledPeriods, at)
        const possible = isWanted ? ["recorded", "gap"] : ["recorded", "stopped"]
        const certain = [
          ...(holds(facts.recorded, at) && !isHole ? ["recorded"] : []),
          ...(isWanted && isHole ? ["gap"] : []),
        ]
        expect(certain.length === 0 ? possible : certain).toContain(kind)
      }),
      seeded,
    )
  })
})
