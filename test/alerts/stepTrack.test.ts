import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Level, levelOf } from "../../src/alerts/reading.ts"
import { alertRules } from "../../src/alerts/rules.ts"
import { type Track, stepTrack } from "../../src/alerts/stepTrack.ts"

const rule = { severity: "warning", forMillis: 30_000, endForMillis: 20_000 } as const

interface Sample {
  readonly level: Level
  readonly afterMillis: number
}

/** What a series of readings raises and ends, each with its instant. */
const play = (samples: ReadonlyArray<Sample>) => {
  let track: Track | undefined
  let stands = false
  let steadyMillis = 0
  const verdicts: Array<{ readonly verdict: "raise" | "end"; readonly atMillis: number }> = []
  for (const { level, afterMillis } of samples) {
    steadyMillis += afterMillis
    const step = stepTrack(rule, track, { level, creditMillis: 0, steadyMillis, wallMillis: 0 }, stands)
    track = step.track
    if (step.verdict === null) continue
    stands = step.verdict === "raise"
    verdicts.push({ verdict: step.verdict, atMillis: steadyMillis })
  }
  return verdicts
}

const samples = fc.array(
  fc.record<Sample>({
    level: fc.constantFrom<Level>("bad", "bad", "good", "good", "between", "unknown"),
    afterMillis: fc.integer({ min: 1, max: 20_000 }),
  }),
  { maxLength: 300 },
)

describe("the track of an alert", () => {
  it("never raises twice without an end, nor changes faster than its times allow", () => {
    fc.assert(
      fc.property(samples, (some) => {
        const verdicts = play(some)
        for (const [at, { verdict, atMillis }] of verdicts.entries()) {
          expect(verdict).toBe(at % 2 === 0 ? "raise" : "end")
          const before = verdicts[at - 1]?.atMillis ?? 0
          expect(atMillis - before).toBeGreaterThanOrEqual(
            verdict === "raise" ? rule.forMillis : rule.endForMillis,
          )
        }
      }),
    )
  })

  it("takes only what was seen: the time of a changed level goes before each change", () => {
    fc.assert(
      fc.property(samples, (some) => {
        let at = 0
        const seen = some.map(({ level, afterMillis }) => ({ level, at: (at += afterMillis) }))
        for (const { verdict, atMillis } of play(some)) {
          const opposite = verdict === "raise" ? "good" : "bad"
          const within = verdict === "raise" ? rule.forMillis : rule.endForMillis
          const window = seen.filter((one) => one.at > atMillis - within && one.at <= atMillis)
          expect(window.map(({ level }) => level)).not.toContain(opposite)
        }
      }),
    )
  })

  it("goes on after what was not measured where it was before", () => {
    const bad: Sample = { level: "bad", afterMillis: 10_000 }
    const unknown: Sample = { level: "unknown", afterMillis: 10_000 }
    expect(play([bad, bad, bad, unknown, unknown, bad, bad])).toEqual([
      { verdict: "raise", atMillis: 70_000 },
    ])
  })

  it("does not change by what is not measured", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }), (waits) => {
        const unknown = waits.map((afterMillis): Sample => ({ level: "unknown", afterMillis }))
        const bad: Sample = { level: "bad", afterMillis: 10_000 }
        expect(play(unknown)).toEqual([])
        expect(play([bad, bad, bad, ...unknown, bad])).toEqual([])
      }),
    )
  })
})

describe("a threshold", () => {
  it.each([
    [80.1, "bad"],
    [80, "between"],
    [78, "between"],
    [77.9, "good"],
    [null, "unknown"],
  ])("of 80, over below 78: %s is %s", (value, level) => {
    expect(levelOf(value, 80, 78)).toBe(level)
  })
})

describe("the rules", () => {
  it("call critical what stops recordings or is about to, and a disk of which nobody knows", () => {
    const critical = Object.entries(alertRules).filter(([, { severity }]) => severity === "critical")
    expect(critical.map(([kind]) => kind)).toEqual([
      "recording_stopped",
      "disk_critical",
      "eviction_failing",
      "disk_probe",
    ])
  })
})
