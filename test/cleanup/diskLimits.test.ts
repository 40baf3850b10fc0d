import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  bytesToFree,
  diskStateOf,
  isPressed,
  mustWaitForRoom,
  reserveOf,
  usableBytes,
} from "../../src/cleanup/diskLimits.ts"

const gib = 2 ** 30
const limits = { warningPercent: 80, criticalPercent: 90, reserveBytes: null }

const anyLimits = fc
  .record({
    criticalPercent: fc.integer({ min: 1, max: 100 }),
    reserveBytes: fc.option(fc.integer({ min: 0, max: 2_000 })),
  })
  .map((some) => ({ ...some, warningPercent: Math.min(80, some.criticalPercent) }))
const anySpace = fc
  .record({
    totalBytes: fc.integer({ min: 1, max: 10_000 }),
    free: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ totalBytes, free }) => ({ totalBytes, freeBytes: Math.floor(totalBytes * free) }))

describe("the limits of the disk", () => {
  it.each([
    [100 * gib, 2 * gib],
    [30 * gib, gib],
    [10 * gib, 0.5 * gib],
  ])("of %i bytes keep %i in reserve by default", (totalBytes, reserveBytes) => {
    expect(reserveOf(limits, totalBytes)).toBe(Math.floor(reserveBytes))
  })

  it("tell the state at the marks themselves", () => {
    const state = (freeBytes: number) => diskStateOf({ totalBytes: 1000, freeBytes }, limits)
    expect([201, 200, 100, 99].map(state)).toEqual(["ok", "warning", "warning", "critical"])
  })

  it("take a disk that does not answer for critical, and change nothing for it", () => {
    expect(diskStateOf(null, limits)).toBe("critical")
    expect(mustWaitForRoom(false, null, limits)).toBe(false)
    expect(mustWaitForRoom(true, null, limits)).toBe(true)
  })

  it("make an eviction end where the next does not follow at once", () => {
    fc.assert(
      fc.property(anyLimits, anySpace, (some, space) => {
        const needed = bytesToFree(space, some)
        expect(!isPressed(space, some) || space.freeBytes === space.totalBytes || needed > 0).toBe(true)
        const freeBytes = space.freeBytes + Math.max(0, needed)
        // Of a disk that is smaller than its reserve all that there is.
        if (freeBytes > space.totalBytes) return
        if ((some.reserveBytes ?? 0) > space.totalBytes) return
        expect(isPressed({ ...space, freeBytes }, some)).toBe(false)
        expect(mustWaitForRoom(true, { ...space, freeBytes }, some)).toBe(false)
      }),
    )
  })

  it("stop recording below the reserve, and let it go on only a tenth above", () => {
    const some = { ...limits, reserveBytes: 100 }
    const wait = (was: boolean, freeBytes: number) =>
      mustWaitForRoom(was, { totalBytes: 1000, freeBytes }, some)
    expect([100, 99].map((free) => wait(false, free))).toEqual([false, true])
    expect([100, 109, 110].map((free) => wait(true, free))).toEqual([true, true, false])
  })

  it("count as usable what is below both marks", () => {
    fc.assert(
      fc.property(anyLimits, anySpace, (some, { totalBytes }) => {
        const usable = usableBytes(some, totalBytes)
        fc.pre(usable >= 0)
        expect(isPressed({ totalBytes, freeBytes: Math.ceil(totalBytes - usable) }, some)).toBe(false)
        const beyond = Math.ceil(totalBytes - usable) - 1
        expect(beyond < 0 || isPressed({ totalBytes, freeBytes: beyond }, some)).toBe(true)
      }),
    )
  })
})
