import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  diskStateOf,
  isNothing,
  isPressed,
  mustWaitForRoom,
  reserveOf,
  reserveOfFiles,
  roomToFree,
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
    totalFiles: fc.option(fc.integer({ min: 1, max: 50_000 })),
    freeFiles: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ totalBytes, free, totalFiles, freeFiles }) => ({
    totalBytes,
    freeBytes: Math.floor(totalBytes * free),
    files: totalFiles === null ? null : { total: totalFiles, free: Math.floor(totalFiles * freeFiles) },
  }))

describe("the limits of the disk", () => {
  it.each([
    [100 * gib, 2 * gib],
    [30 * gib, gib],
    [10 * gib, 0.5 * gib],
  ])("of %i bytes keep %i in reserve by default", (totalBytes, reserveBytes) => {
    expect(reserveOf(limits, totalBytes)).toBe(Math.floor(reserveBytes))
  })

  it("never keep more than half of the disk in reserve, whatever was asked for", () => {
    expect(reserveOf({ ...limits, reserveBytes: 50 * gib }, 64 * 2 ** 20)).toBe(32 * 2 ** 20)
    expect(reserveOf({ ...limits, reserveBytes: 32 * 2 ** 20 }, 64 * 2 ** 20)).toBe(32 * 2 ** 20)
  })

  it.each([
    [10_000_000, 1000],
    [90, 9],
    [1, 1],
  ])("of %i files keep %i in reserve", (total, reserve) => {
    expect(reserveOfFiles(total)).toBe(reserve)
    const at = (free: number) => ({ totalBytes: 1000, freeBytes: 900, files: { total, free } })
    expect([reserve, reserve - 1].map((free) => diskStateOf(at(free), limits))).toEqual(["ok", "critical"])
    expect([reserve, reserve - 1].map((free) => mustWaitForRoom(false, at(free), limits))).toEqual([
      false,
      true,
    ])
    expect(mustWaitForRoom(true, at(reserve), limits)).toBe(true)
    const { bytes, files } = roomToFree(at(reserve - 1), limits, "comfort")
    expect(bytes).toBeLessThan(0)
    expect(mustWaitForRoom(true, at(reserve - 1 + files), limits)).toBe(false)
  })

  it("tell the state at the marks themselves", () => {
    const state = (freeBytes: number) => diskStateOf({ totalBytes: 1000, freeBytes, files: null }, limits)
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
        const needed = roomToFree(space, some, "comfort")
        expect(!isPressed(space, some) || !isNothing(needed)).toBe(true)
        const { totalBytes, files } = space
        const relieved = {
          totalBytes,
          freeBytes: space.freeBytes + Math.max(0, needed.bytes),
          files: files === null ? null : { ...files, free: files.free + Math.max(0, needed.files) },
        }
        expect(isPressed(relieved, some)).toBe(false)
        expect(mustWaitForRoom(true, relieved, some)).toBe(false)
        const resumed = roomToFree(space, some, "reserve")
        expect(resumed.bytes).toBeLessThanOrEqual(needed.bytes)
        expect(mustWaitForRoom(true, space, some)).toBe(!isNothing(resumed))
      }),
    )
  })

  it("stop recording below the reserve, and let it go on only a tenth above", () => {
    const some = { ...limits, reserveBytes: 100 }
    const wait = (was: boolean, freeBytes: number) =>
      mustWaitForRoom(was, { totalBytes: 1000, freeBytes, files: null }, some)
    expect([100, 99].map((free) => wait(false, free))).toEqual([false, true])
    expect([100, 109, 110].map((free) => wait(true, free))).toEqual([true, true, false])
  })

  it("count as usable what is below both marks", () => {
    fc.assert(
      fc.property(anyLimits, anySpace, (some, { totalBytes }) => {
        const files = null
        const usable = usableBytes(some, totalBytes)
        fc.pre(usable >= 0)
        expect(isPressed({ totalBytes, freeBytes: Math.ceil(totalBytes - usable), files }, some)).toBe(false)
        const beyond = Math.ceil(totalBytes - usable) - 1
        expect(beyond < 0 || isPressed({ totalBytes, freeBytes: beyond, files }, some)).toBe(true)
      }),
    )
  })
})
