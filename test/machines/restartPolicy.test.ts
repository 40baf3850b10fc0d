import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  afterFailure,
  afterHealthySpell,
  defaultRestartPolicy,
  freshRestartState,
  type RestartFailure,
  type RestartState,
} from "../../machines/restartPolicy.ts"
import { seededRandom } from "./simulation.ts"

const policy = defaultRestartPolicy
const hourMillis = 3_600_000

const failure = (changes: Partial<RestartFailure> = {}): RestartFailure => ({
  atMillis: 0,
  cause: "camera_unreachable",
  permanent: false,
  healthyForMillis: 0,
  ...changes,
})

/** Failures one after another, each as soon as its retry was made. */
function delaysOf(failures: number, random01: number): ReadonlyArray<number> {
  let state: RestartState = freshRestartState
  let atMillis = 0
  return Array.from({ length: failures }, () => {
    const decision = afterFailure(state, policy, failure({ atMillis }), random01)
    state = decision.state
    atMillis += decision.delayMillis
    return decision.delayMillis
  })
}

describe("by example", () => {
  test("a fresh camera waits 1 s, then twice as long each time, up to 60 s", () => {
    expect(delaysOf(8, 0)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  test("the cap holds with jitter included", () => {
    expect(delaysOf(8, 0.8)).toEqual([1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 60_000, 60_000])
  })

  test("the first retry after a healthy spell comes within 0.25 s, the second after 1 s", () => {
    const spell = failure({ healthyForMillis: policy.healthySpellMillis })
    const first = afterFailure({ ...freshRestartState, doublings: 7 }, policy, spell, 0.5)
    expect(first).toMatchObject({ kind: "at_once", delayMillis: 125, escalated: false })
    const second = afterFailure(first.state, policy, failure({ atMillis: 200 }), 0)
    expect(second).toMatchObject({ kind: "exponential", delayMillis: 1_000 })
  })

  test("one millisecond less than a healthy spell forgives nothing", () => {
    const short = failure({ healthyForMillis: policy.healthySpellMillis - 1 })
    expect(afterFailure({ ...freshRestartState, doublings: 3 }, policy, short, 0).delayMillis).toBe(8_000)
  })

  test("a permanent cause goes straight to its slow retry, and leaves the exponent alone", () => {
    const decision = afterFailure(
      freshRestartState,
      policy,
      failure({ permanent: true, cause: "auth_failed" }),
      0,
    )
    expect(decision).toMatchObject({ kind: "slow", delayMillis: 300_000, escalated: false })
    expect(afterFailure(decision.state, policy, failure({ atMillis: 300_000 }), 0).delayMillis).toBe(1_000)
  })

  test("more than 10 failures within 10 min escalate once, and only a healthy spell ends it", () => {
    let state: RestartState = freshRestartState
    const decisions = Array.from({ length: 14 }, (_, index) => {
      const decision = afterFailure(state, policy, failure({ atMillis: index * 1_000 }), 0)
      state = decision.state
      return decision
    })
    expect(decisions.map(({ escalated }) => escalated).indexOf(true)).toBe(10)
    expect(decisions.filter(({ escalated }) => escalated)).toHaveLength(1)
    expect(decisions.slice(10).map(({ kind }) => kind)).toEqual(["slow", "slow", "slow", "slow"])

    const muchLater = afterFailure(state, policy, failure({ atMillis: 24 * hourMillis }), 0)
    expect(muchLater).toMatchObject({ kind: "slow", delayMillis: 60_000, escalated: false })

    const healed = afterFailure(afterHealthySpell(), policy, failure({ atMillis: 25 * hourMillis }), 0)
    expect(healed).toMatchObject({ kind: "exponential", delayMillis: 1_000 })
  })

  test("failures older than the intensity's time do not count", () => {
    let state: RestartState = freshRestartState
    for (let index = 0; index < 100; index += 1) {
      const atMillis = index * (policy.intensity.withinMillis / policy.intensity.restarts)
      const decision = afterFailure(state, policy, failure({ atMillis }), 0)
      expect(decision.escalated).toBe(false)
      state = decision.state
    }
  })
})

describe("by property", () => {
  const seed = 20_260_114
  const anyState = fc.record({
    doublings: fc.nat({ max: 5_000 }),
    failedAtMillis: fc.array(fc.nat({ max: 600_000 }), { maxLength: 20 }),
    escalated: fc.boolean(),
  })
  const anyFailure = fc.record({
    atMillis: fc.integer({ min: 600_000, max: 10_000_000 }),
    cause: fc.constant("stalled" as const),
    permanent: fc.boolean(),
    healthyForMillis: fc.nat({ max: 200_000 }),
  })
  const anyChance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test("there is always a next try, after a whole and bounded number of milliseconds", () => {
    fc.assert(
      fc.property(anyState, anyFailure, anyChance, (state, failed, chance) => {
        const { delayMillis, kind } = afterFailure(state, policy, failed, chance)
        const [least, most] = {
          at_once: [0, policy.firstRetryJitterMillis],
          exponential: [policy.initialDelayMillis, policy.maxDelayMillis],
          slow: failed.permanent
            ? [policy.permanentRetryMillis, policy.permanentRetryMillis * 1.25]
            : [policy.slowRetryMillis, policy.slowRetryMillis * 1.25],
        }[kind]
        expect(Number.isInteger(delayMillis)).toBe(true)
        expect(delayMillis).toBeGreaterThanOrEqual(least ?? Number.NaN)
        expect(delayMillis).toBeLessThanOrEqual(most ?? Number.NaN)
      }),
      { seed, numRuns: 2_000 },
    )
  })

  test("no cause but a healthy spell shortens the next delay", () => {
    fc.assert(
      fc.property(anyState, anyFailure, anyChance, (state, failed, chance) => {
        fc.pre(failed.healthyForMillis < policy.healthySpellMillis && !failed.permanent)
        const first = afterFailure(state, policy, failed, chance)
        const second = afterFailure(first.state, policy, { ...failed, atMillis: failed.atMillis + 1 }, chance)
        expect(second.delayMillis).toBeGreaterThanOrEqual(first.delayMillis)
      }),
      { seed, numRuns: 2_000 },
    )
  })

  test("what is remembered stays bounded", () => {
    fc.assert(
      fc.property(fc.array(anyFailure, { maxLength: 60 }), (failures) => {
        let state: RestartState = freshRestartState
        for (const failed of failures) state = afterFailure(state, policy, failed, 0).state
        expect(state.failedAtMillis.length).toBeLessThanOrEqual(policy.intensity.restarts + 1)
      }),
      { seed, numRuns: 200 },
    )
  })

  test("a camera dead for an hour is started at most 70 times, whether it had recorded before or not", () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (chanceSeed, hadRecorded) => {
        const random = seededRandom(chanceSeed)
        let state: RestartState = freshRestartState
        let starts = hadRecorded ? 0 : 1
        let healthyForMillis = hadRecorded ? policy.healthySpellMillis : 0
        for (let atMillis = 0; atMillis < hourMillis;) {
          const decision = afterFailure(state, policy, failure({ atMillis, healthyForMillis }), random())
          state = decision.state
          atMillis += decision.delayMillis
          healthyForMillis = 0
          if (atMillis < hourMillis) starts += 1
        }
        expect(starts).toBeLessThanOrEqual(70)
        expect(starts).toBeGreaterThanOrEqual(45)
      }),
      { seed, numRuns: 500 },
    )
  })
})
