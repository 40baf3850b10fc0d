import { describe, expect, it } from "vitest"
import { FrameCadence } from "../../../src/recorder/segments/FrameCadence.ts"
import type { Fragment } from "../../../src/recorder/segments/FragmentReader.ts"
import { steadyNoise } from "./steadyNoise.ts"

/** Cuts frame intervals into fragments of about a second and sums up what the cadence finds. */
const findIn = (intervals: ReadonlyArray<number>) => {
  const cadence = new FrameCadence()
  let missing = 0
  let irregular = 0
  let startSeconds = 0
  const stretches: Array<{ atSeconds: number; mediaSeconds: number; squeezedFrames: number }> = []
  for (let index = 0; index < intervals.length; index += 25) {
    const part = intervals.slice(index, index + 25)
    const endSeconds = startSeconds + part.reduce((sum, interval) => sum + interval, 0)
    const found = cadence.add(fragmentOf(startSeconds, endSeconds, part))
    missing += found.missingFrames
    irregular += found.irregularFrames
    stretches.push(...found.stretches)
    startSeconds = endSeconds
  }
  // The interval of the last frame is certain only when another follows.
  missing += cadence.add(fragmentOf(startSeconds, startSeconds + 0.04, [0.04])).missingFrames
  return { missing, irregular, stretches, nominalSeconds: cadence.nominalSeconds }
}

const fragmentOf = (
  mediaStartSeconds: number,
  mediaEndSeconds: number,
  frameIntervalsSeconds: ReadonlyArray<number>,
): Fragment => ({
  offset: 0,
  sizeBytes: 1,
  mediaStartSeconds,
  mediaEndSeconds,
  frames: frameIntervalsSeconds.length,
  startsWithKeyframe: true,
  audioSamples: 0,
  frameIntervalsSeconds,
})

const even = (count: number, interval = 0.04): Array<number> => Array.from({ length: count }, () => interval)

describe("FrameCadence", () => {
  it("misses nothing in an even stream", () => {
    expect(findIn(even(500))).toMatchObject({ missing: 0, irregular: 0, stretches: [] })
  })

  it("counts each frame that was dropped at random", () => {
    const noise = steadyNoise(3)
    const intervals: Array<number> = []
    let dropped = 0
    for (let frame = 0; frame < 2000; frame++) {
      const previous = intervals.at(-1)
      if (frame > 0 && previous !== undefined && noise() < 0.05) {
        intervals[intervals.length - 1] = previous + 0.04
        if (intervals.length > 1) dropped += 1
      } else {
        intervals.push(0.04)
      }
    }
    expect(findIn(intervals)).toMatchObject({ missing: dropped, irregular: 0 })
  })

  it("counts 9 frames dropped at once, which is short of a hole", () => {
    const intervals = [...even(100), 0.4, ...even(100)]
    expect(findIn(intervals)).toMatchObject({ missing: 9, stretches: [] })
  })

  it("leaves a long interval to the timeline", () => {
    const { missing, stretches } = findIn([...even(110), 0.76, ...even(100)])
    expect(missing).toBe(0)
    expect(stretches.length).toBe(1)
    expect(stretches[0]).toMatchObject({ mediaSeconds: 0.76, squeezedFrames: 0 })
    expect(stretches[0]?.atSeconds).toBeCloseTo(4.4, 6)
  })

  it("does not take jitter of a seventh for missing frames", () => {
    const noise = steadyNoise(5)
    const intervals = Array.from({ length: 1000 }, () => 0.034 + noise() * 0.012)
    expect(findIn(intervals)).toMatchObject({ missing: 0, irregular: 0 })
  })

  it("says where frames are too irregular to tell", () => {
    const noise = steadyNoise(6)
    const intervals = Array.from({ length: 1000 }, () => 0.01 + noise() * 0.2)
    expect(findIn(intervals).irregular).toBeGreaterThan(800)
  })

  it("follows a camera to another frame rate", () => {
    const { missing, nominalSeconds } = findIn([...even(500), ...even(200, 0.1)])
    expect(missing).toBeLessThan(8)
    expect(nominalSeconds).toBeCloseTo(0.1, 6)
  })

  it("gathers squeezed frames in one stretch, and leaves two of them alone", () => {
    const tick = 1 / 90_000
    expect(findIn([...even(100), tick, tick, ...even(100)]).stretches).toEqual([])
    const { stretches } = findIn([...even(100), ...even(750, tick), ...even(100)])
    expect(stretches.reduce((sum, stretch) => sum + stretch.squeezedFrames, 0)).toBe(750)
  })

  it("sees a hole between two fragments when audio ended the first", () => {
    const cadence = new FrameCadence()
    cadence.add(fragmentOf(0, 1, even(25)))
    const { stretches } = cadence.add(fragmentOf(9, 10, even(25)))
    expect(stretches).toEqual([{ atSeconds: 1, mediaSeconds: 8, squeezedFrames: 0 }])
  })
})
