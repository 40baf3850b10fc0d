import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FrameCadence } from "../../../src/recorder/segments/FrameCadence.ts"
import type { Fragment } from "../../../src/recorder/segments/FragmentReader.ts"
import { recordFragment } from "../../../src/recorder/segments/fragmentRecord.ts"
import { knotsOf } from "../../../src/recorder/segments/placement.ts"
import type { Knot } from "../../../src/recorder/segments/placement.ts"
import { Timeline } from "../../../src/recorder/segments/Timeline.ts"
import type { Measured, MuxOptions, SentFrame, SimulatedFragment } from "./simulatedRun.ts"
import { measure, mux } from "./simulatedRun.ts"
import { steadyNoise } from "./steadyNoise.ts"

const began = Date.UTC(2026, 0, 14, 23, 50, 0)

interface CameraPlan {
  readonly seconds: number
  readonly framesPerSecond?: number
  /** How much faster its clock runs than ours. */
  readonly ppm?: number
  /** At a second, by seconds. */
  readonly jumps?: ReadonlyArray<readonly [number, number]>
  /** At a second, for seconds. */
  readonly pauses?: ReadonlyArray<readonly [number, number]>
  /** Its clock stands still while it pauses. */
  readonly hidesPauses?: boolean
  /** Delay of the way at a second, in milliseconds. */
  readonly delay?: (second: number) => number
}

function* camera(plan: CameraPlan): Generator<SentFrame> {
  const { seconds, framesPerSecond = 25, ppm = 0, jumps = [], pauses = [] } = plan
  const delay = plan.delay ?? jitter()
  let hidden = 0
  let skipped = 0
  for (let index = 0; ; index++) {
    let second = index / framesPerSecond + skipped
    for (const [at, length] of pauses) {
      if (second < at || second >= at + length - 1e-9) continue
      skipped += at + length - second
      if (plan.hidesPauses === true) hidden += at + length - second
      second = at + length
    }
    if (second >= seconds) return
    const jumped = jumps.reduce((sum, [at, by]) => sum + (second >= at ? by : 0), 0)
    const stampSeconds = 100 + second * (1 + ppm / 1e6) + jumped - hidden
    yield { trueMillis: began + second * 1000, stampSeconds, delayMillis: delay(second) }
  }
}

const jitter = () => {
  const noise = steadyNoise(7)
  return () => 20 + noise() * 60
}

const run = (plan: CameraPlan, mux_: Partial<MuxOptions> = {}, startedAt?: number): Measured =>
  measure(
    mux(camera(plan), { gopFrames: 50, segmentSeconds: 60, ...mux_ }),
    startedAt === undefined ? null : began + startedAt * 1000,
  )

/** Spans without a frame, inside and between the files, in seconds of the run. */
const holesIn = ({ files }: Measured): ReadonlyArray<readonly [number, number]> => {
  const holes: Array<readonly [number, number]> = []
  let endMillis: number | null = null
  for (const file of files) {
    if (endMillis !== null && file.startMillis !== endMillis) {
      holes.push([(endMillis - began) / 1000, (file.startMillis - began) / 1000])
    }
    for (const hole of file.holes) {
      holes.push([(hole.fromMillis - began) / 1000, (hole.toMillis - began) / 1000])
    }
    endMillis = file.endMillis
  }
  return holes
}

const lastEnd = ({ files }: Measured): number => ((files.at(-1)?.endMillis ?? 0) - began) / 1000

const missingIn = ({ files }: Measured): number => files.reduce((sum, { missing }) => sum + missing, 0)

describe("Timeline", () => {
  it("knows a quiet run to a frame, and its files touch", () => {
    const measured = run({ seconds: 300 })
    expect(measured.files.length).toBe(5)
    expect(measured.maxErrorMillis).toBeLessThan(100)
    expect(holesIn(measured)).toEqual([])
    expect(missingIn(measured)).toBe(0)
    expect(lastEnd(measured)).toBeCloseTo(300, 0)
  })

  it.each([200, -200])(
    "does not add up a drift of %i ppm over a day",
    (ppm) => {
      const plan = { seconds: 86_400, framesPerSecond: 5, ppm }
      const measured = run(plan, { gopFrames: 10, segmentSeconds: 3600 })
      expect(measured.files.length).toBe(24)
      expect(measured.maxErrorMillis).toBeLessThan(150)
      expect(holesIn(measured)).toEqual([])
      expect(Math.abs(lastEnd(measured) - 86_400)).toBeLessThan(0.3)
    },
    30_000,
  )

  it.each([
    { by: 30, gopFrames: 50 },
    { by: -30, gopFrames: 50 },
    { by: 30, gopFrames: 250 },
    { by: -30, gopFrames: 250 },
    { by: 3, gopFrames: 50 },
    { by: -3, gopFrames: 50 },
    { by: 30, gopFrames: 1 },
    { by: -30, gopFrames: 1 },
    { by: 3600, gopFrames: 50 },
  ])("neither invents nor hides time when the camera's clock jumps by $by s", ({ by, gopFrames }) => {
    for (const at of [40, 40.5, 59.96, 60, 61.02]) {
      const measured = run({ seconds: 150, jumps: [[at, by]] }, { gopFrames })
      expect(measured.maxErrorMillis, `at ${at}`).toBeLessThan(500)
      expect(holesIn(measured), `at ${at}`).toEqual([])
      expect(missingIn(measured), `at ${at}`).toBe(0)
      expect(lastEnd(measured)).toBeCloseTo(150, 0)
    }
  })

  it("keeps its head over several jumps", () => {
    const jumps = [
      [40.5, 30],
      [100.2, -30],
      [130.4, 12],
      [131.9, -4],
    ] as const
    const measured = run({ seconds: 240, jumps })
    expect(measured.maxErrorMillis).toBeLessThan(500)
    expect(holesIn(measured)).toEqual([])
  })

  it("reports a real pause of the camera as a hole, with its missing frames", () => {
    const measured = run({ seconds: 120, pauses: [[40.3, 8]] })
    expect(measured.maxErrorMillis).toBeLessThan(150)
    const [hole, ...others] = holesIn(measured)
    expect(others).toEqual([])
    expect(hole?.[0]).toBeCloseTo(40.3, 0)
    expect((hole?.[1] ?? 0) - (hole?.[0] ?? 0)).toBeCloseTo(7.96, 1)
    expect(missingIn(measured)).toBe(200)
  })

  it("finds a pause that the camera's own clock hides", () => {
    const measured = run({ seconds: 120, pauses: [[40, 8]], hidesPauses: true })
    const [hole, ...others] = holesIn(measured)
    expect(others).toEqual([])
    // Within the fragment that came late it cannot be told where: up to a second off.
    expect(Math.abs((hole?.[0] ?? 0) - 40)).toBeLessThan(1.1)
    expect((hole?.[1] ?? 0) - (hole?.[0] ?? 0)).toBeCloseTo(8, 0)
    expect(lastEnd(measured)).toBeCloseTo(120, 0)
  })

  it("finds a pause between two files, which the media does not show", () => {
    const measured = run({ seconds: 120, pauses: [[60, 8]] })
    expect(measured.maxErrorMillis).toBeLessThan(150)
    expect(measured.files.flatMap((file) => file.holes)).toEqual([])
    const [hole, ...others] = holesIn(measured)
    expect(others).toEqual([])
    expect(hole?.[0]).toBeCloseTo(60, 0)
    expect(hole?.[1]).toBeCloseTo(68, 0)
  })

  it.each([
    { name: "a stall of 3 s and a burst", at: (second: number) => until(second, 40, 43) },
    { name: "a stall of 10 s and a burst", at: (second: number) => until(second, 40, 50) },
    {
      name: "a backlog that drains at twice the speed",
      at: (second: number) => (second < 44 ? until(second, 40, 44) : Math.max(0, 4000 - (second - 44) * 500)),
    },
    { name: "half a minute of bad way", at: (second: number) => (second % 7) * 60 },
  ])("takes $name for a delay, not for lost time", ({ at }) => {
    const measured = run({ seconds: 120, delay: (second) => 50 + at(second) })
    expect(measured.maxErrorMillis).toBeLessThan(500)
    expect(holesIn(measured)).toEqual([])
    expect(lastEnd(measured)).toBeCloseTo(120, 0)
  })

  it("is right about a jump whose fragments come late", () => {
    const delay = (second: number) => 50 + until(second, 40.5, 43)
    const measured = run({ seconds: 120, jumps: [[40.5, 30]], delay })
    expect(measured.maxErrorMillis).toBeLessThan(500)
    expect(holesIn(measured)).toEqual([])
  })

  it.each([0.6, 2.5, 5])("sees through %f s of probing at the start", (probed) => {
    const probedUntilMillis = began + probed * 1000
    const measured = run({ seconds: 60 }, { probedUntilMillis }, -0.3)
    expect(measured.maxErrorMillis).toBeLessThan(150)
    expect(Math.abs((measured.files[0]?.startMillis ?? 0) - began)).toBeLessThan(150)
  })

  it("places what came before a stall while probing", () => {
    const timeline = new Timeline(began)
    const cadence = new FrameCadence()
    timeline.add(recordFragment(fragmentOf(0, evenly(24)), cadence, began + 4198, "observed"))
    timeline.add(recordFragment(fragmentOf(0.96, [0.04, 3.16]), cadence, began + 4238, "observed"))
    for (let index = 0; index < 3; index++) {
      const fragment = fragmentOf(4.16 + index * 0.96, evenly(24))
      timeline.add(recordFragment(fragment, cadence, began + 5194 + index * 960, "observed"))
    }
    expect(((timeline.startMillis ?? 0) - began) / 1000).toBeCloseTo(0.076, 2)
    expect(((timeline.endMillis ?? 0) - began) / 1000).toBeCloseTo(7.114, 1)
    const [hole, ...others] = timeline.holes
    expect(others).toEqual([])
    expect(((hole?.fromMillis ?? 0) - began) / 1000).toBeCloseTo(1.116, 1)
    expect(((hole?.toMillis ?? 0) - began) / 1000).toBeCloseTo(4.236, 1)
  })

  it("takes no stall while probing for a jump of the camera's clock", () => {
    const cases = fc.record({
      stall: fc.double({ min: 0.5, max: 8, noNaN: true }),
      probed: fc.double({ min: 0.6, max: 5, noNaN: true }),
      at: fc.double({ min: 0.1, max: 3, noNaN: true }),
      gopFrames: fc.constantFrom(1, 13, 26, 50),
      endsProbing: fc.boolean(),
    })
    const holds = ({ stall, probed, at, gopFrames, endsProbing }: ValueOf<typeof cases>) => {
      // Probing ends by its own limit, or by the first frame after the stall.
      const probedSeconds = endsProbing && at < probed ? Math.max(probed, at + stall) : probed
      const plan = { seconds: Math.max(at + stall, probedSeconds) + 4.2, pauses: [[at, stall] as const] }
      const probedUntilMillis = began + probedSeconds * 1000
      const fragments = mux(camera(plan), { gopFrames, segmentSeconds: 60, probedUntilMillis })
      expect(worstErrorOnceLive(fragments, began - 300)).toBeLessThan(500)
    }
    fc.assert(fc.property(cases, holds), { seed: 20260114, numRuns: 300 })
  })

  it.each([
    [5, 3, -4],
    [3.5, 30, -4],
    [1.5, 30, -0.3],
  ])("knows a jump at %f s by %f s for what it is", (at, by, startedAt) => {
    const measured = run({ seconds: 60, jumps: [[at, by]] }, {}, startedAt)
    expect(measured.maxErrorMillis).toBeLessThan(500)
    expect(holesIn(measured)).toEqual([])
  })

  it("does not begin before the run did", () => {
    // The camera sends what it had kept from before.
    const delay = (second: number) => Math.max(50, 3000 - second * 1000)
    const measured = run({ seconds: 60, delay }, {}, 2)
    expect(measured.files[0]?.startMillis).toBeGreaterThanOrEqual(began + 2000)
    expect(lastEnd(measured)).toBeCloseTo(60, 0)
  })

  it("does not take a slow camera for holes", () => {
    const plan = { seconds: 300, framesPerSecond: 1, pauses: [[100, 10]] as const }
    const measured = run(plan, { gopFrames: 4, segmentSeconds: 600 })
    expect(holesIn(measured).length).toBe(1)
    expect(measured.maxErrorMillis).toBeLessThan(200)
  })

  it("follows a camera whose clock is 3 %% off", () => {
    for (const ppm of [30_000, -30_000]) {
      const measured = run({ seconds: 300, ppm })
      expect(measured.maxErrorMillis).toBeLessThan(600)
      expect(holesIn(measured)).toEqual([])
    }
  })
})

const until = (second: number, from: number, to: number): number =>
  second >= from && second < to ? (to - second) * 1000 : 0

/** The worst error of all frames of a file that was watched from the start of its run. */
const worstErrorOnceLive = (fragments: Iterable<SimulatedFragment>, startedAtMillis: number): number => {
  const cadence = new FrameCadence()
  const knots: Array<Knot> = []
  const truth: Array<Truth> = []
  const timeline = new Timeline(startedAtMillis, null, (placement, previousEndMillis) => {
    knots.push(...knotsOf(placement, previousEndMillis))
  })
  for (const simulated of fragments) {
    truth.push(...simulated.truth)
    timeline.add(recordFragment(simulated.fragment, cadence, simulated.arrivalMillis, "observed"))
  }
  timeline.nextFile(0)
  return worstError(truth, knots)
}

/** Frames lie between the knots; of two knots at one media time a frame shows at the later. */
const worstError = (truth: ReadonlyArray<Truth>, knots: ReadonlyArray<Knot>): number => {
  let worst = 0
  for (const { mediaSeconds, trueMillis } of truth) {
    const at = knots.findLastIndex((knot) => knot.mediaSeconds <= mediaSeconds + 1e-9)
    const from = knots[at]
    if (from === undefined) return Number.POSITIVE_INFINITY
    const to = knots[at + 1] ?? from
    const media = to.mediaSeconds - from.mediaSeconds
    const share = media > 0 ? (mediaSeconds - from.mediaSeconds) / media : 0
    const wallMillis = from.wallMillis + share * (to.wallMillis - from.wallMillis)
    worst = Math.max(worst, Math.abs(wallMillis - trueMillis))
  }
  return worst
}

type Truth = SimulatedFragment["truth"][number]

type ValueOf<A> = A extends fc.Arbitrary<infer Value> ? Value : never

const evenly = (frames: number): ReadonlyArray<number> => Array.from({ length: frames }, () => 0.04)

const fragmentOf = (mediaStartSeconds: number, intervals: ReadonlyArray<number>): Fragment => ({
  offset: 0,
  sizeBytes: 1,
  mediaStartSeconds,
  mediaEndSeconds: mediaStartSeconds + intervals.reduce((sum, interval) => sum + interval, 0),
  frames: intervals.length,
  startsWithKeyframe: true,
  audioSamples: 0,
  frameIntervalsSeconds: intervals,
})

describe("the end of a run that was stalled for eight seconds", () => {
  /** Steady fragments, then two with these lengths, the second written so much later. */
  const endOf = (firstMillis: number, secondMillis: number, apartMillis: number) => {
    const timeline = new Timeline(null)
    let mediaMillis = 0
    const add = (lengthMillis: number, arrivalMillis: number): void => {
      timeline.add({
        mediaStartSeconds: mediaMillis / 1000,
        mediaEndSeconds: (mediaMillis + lengthMillis) / 1000,
        nominalSeconds: 0.04,
        stretches: [],
        arrivalMillis,
        arrivalKind: "observed",
      })
      mediaMillis += lengthMillis
    }
    for (let at = 1; at <= 40; at += 1) add(600, began + at * 600 + 30)
    const stalledMillis = began + mediaMillis
    add(firstMillis, stalledMillis + 8_600)
    add(secondMillis, stalledMillis + 8_600 + apartMillis)
    timeline.endRun()
    return { tailMillis: (timeline.endMillis ?? 0) - stalledMillis, holes: timeline.holes.length }
  }

  it.each([40, 120, 240])("keeps what FFmpeg still held before the stall: %s ms", (heldMillis) => {
    const { tailMillis, holes } = endOf(600, heldMillis, 5)
    expect(Math.abs(tailMillis - 600 - heldMillis)).toBeLessThan(100)
    expect(holes).toBe(0)
  })

  it.each([40, 120, 240])(
    "keeps the stall where the camera had resumed, for %s ms more than a fragment",
    (sentMillis) => {
      const { tailMillis, holes } = endOf(600, sentMillis, sentMillis)
      expect(Math.abs(tailMillis - 8_600 - sentMillis)).toBeLessThan(100)
      expect(holes).toBe(1)
    },
  )
})
