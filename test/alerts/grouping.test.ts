import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type TellableChange,
  emptyGroup,
  groupIntervalMillis,
  isDue,
  longestGroupWaitMillis,
  regroup,
  told,
} from "../../src/alerts/grouping.ts"
import { alertRules } from "../../src/alerts/rules.ts"
import { sampleSeconds } from "./AlertsScene.ts"

interface Flap {
  readonly cameraId: number
  /** Seconds at which it changes from standing to not, and back. */
  readonly turns: ReadonlyArray<number>
}

interface Told {
  readonly atSeconds: number
  readonly changes: ReadonlyArray<TellableChange>
}

/** What is told, second by second; what ends before it was told is not told. */
const play = (flaps: ReadonlyArray<Flap>, seconds: number, isUrgent: boolean): ReadonlyArray<Told> => {
  let group = emptyGroup
  const isToldOf = new Map<number | null, boolean>()
  const all: Array<Told> = []
  for (let second = 0; second <= seconds; second++) {
    const changes = flaps.flatMap(({ cameraId, turns }): ReadonlyArray<TellableChange> => {
      const passed = turns.filter((at) => at <= second).length
      const stands = passed % 2 === 1
      if (stands === (isToldOf.get(cameraId) ?? false)) return []
      return [{ key: `${cameraId} ${passed}`, cameraId, isUrgent: isUrgent && stands }]
    })
    group = regroup(group, changes, second * 1000)
    if (!isDue(group, changes, second * 1000)) continue
    group = told(group, changes, second * 1000)
    for (const { cameraId } of changes) isToldOf.set(cameraId, !(isToldOf.get(cameraId) ?? false))
    all.push({ atSeconds: second, changes })
  }
  return all
}

const turns = fc.uniqueArray(fc.integer({ min: 1, max: 7200 }), { maxLength: 400 })
const sorted = (some: ReadonlyArray<number>) => some.toSorted((one, other) => one - other)

/** The most that lie within any hour. */
const mostInAnHour = (all: ReadonlyArray<Told>): number =>
  Math.max(
    0,
    ...all.map(
      ({ atSeconds }) =>
        all.filter((one) => one.atSeconds >= atSeconds && one.atSeconds < atSeconds + 3600).length,
    ),
  )

describe("a group of alerts", () => {
  it("is one notification for 40 cameras that fail within 20 s, whenever each does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 40, maxLength: 40 }),
        fc.boolean(),
        (spread, isUrgent) => {
          const flaps = spread.map((at, index) => ({ cameraId: index + 1, turns: [100 + at] }))
          const all = play(flaps, 3600, isUrgent).map(({ changes }) => changes.length)
          // Where nothing is added for 10 s those after it are others.
          const ordered = sorted(spread)
          const isOne = ordered.every((at, index) => at - (ordered[index - 1] ?? at) < 10)
          expect(isOne ? all : all.reduce((sum, one) => sum + one, 0)).toEqual(isOne ? [40] : 40)
        },
      ),
    )
  })

  it("that one flapping camera causes is told at most 12 times in any hour, and at the end tells the truth", () => {
    fc.assert(
      fc.property(turns, fc.boolean(), (some, isUrgent) => {
        const all = play([{ cameraId: 1, turns: sorted(some) }], 8000, isUrgent)
        expect(mostInAnHour(all)).toBeLessThanOrEqual(3_600_000 / groupIntervalMillis)
        const last = all.at(-1)?.changes[0]
        expect(all.length % 2).toBe(some.length % 2)
        const stands = some.length % 2 === 1
        expect(last?.isUrgent ?? false).toBe(isUrgent && stands)
      }),
      { numRuns: 60 },
    )
  })

  it("of warnings is told at most 12 times in any hour, however many cameras flap", () => {
    fc.assert(
      fc.property(fc.array(turns, { minLength: 1, maxLength: 8 }), (some) => {
        const flaps = some.map((at, index) => ({ cameraId: index + 1, turns: sorted(at) }))
        expect(mostInAnHour(play(flaps, 7300, false))).toBeLessThanOrEqual(3_600_000 / groupIntervalMillis)
      }),
      { numRuns: 30 },
    )
  })

  it("tells of a critical alert of another camera without waiting for the interval", () => {
    const all = play(
      [
        { cameraId: 1, turns: [100] },
        { cameraId: 2, turns: [150] },
      ],
      600,
      true,
    )
    expect(all.map(({ atSeconds, changes }) => [atSeconds, changes.map(({ cameraId }) => cameraId)])).toEqual(
      [
        [110, [1]],
        [160, [2]],
      ],
    )
  })

  it("tells of a camera that is not recorded within a minute of its last fragment", () => {
    // The alert is raised with the first report after its time; what waits is looked at every second.
    const worstSeconds =
      alertRules.recording_stopped.forMillis / 1000 + sampleSeconds + longestGroupWaitMillis / 1000 + 1
    expect(worstSeconds).toBe(58)
  })
})
