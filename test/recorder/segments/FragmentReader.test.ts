import * as fc from "fast-check"
import { beforeAll, describe, expect, it } from "vitest"
import type { Fragment } from "../../../src/recorder/segments/FragmentReader.ts"
import { FragmentReader } from "../../../src/recorder/segments/FragmentReader.ts"
import { recordFiles } from "./recordedFiles.ts"
import { box, movieFragment, movieStart, secondAt } from "./syntheticMovie.ts"

/** Reads like pread(2), and fails the test on any read that makes no sense. */
const readerOver = (bytes: Uint8Array, visibleBytes: () => number = () => bytes.length) => {
  let reads = 0
  const reader = new FragmentReader((offset, length) => {
    reads += 1
    expect(Number.isSafeInteger(offset) && offset >= 0).toBe(true)
    expect(length).toBeGreaterThan(0)
    expect(length).toBeLessThanOrEqual(4 * 1024 * 1024)
    expect(reads).toBeLessThan(5000)
    return bytes.subarray(offset, Math.min(offset + length, visibleBytes()))
  })
  return reader
}

const readAll = (bytes: Uint8Array): Array<Fragment> => {
  const found: Array<Fragment> = []
  readerOver(bytes).advance(bytes.length, found)
  return found
}

const endOf = (fragment: Fragment | undefined): number =>
  fragment === undefined ? 0 : fragment.offset + fragment.sizeBytes

const wholeBefore = (truth: ReadonlyArray<Fragment>, cut: number): ReadonlyArray<Fragment> =>
  truth.filter((fragment) => endOf(fragment) <= cut)

describe("FragmentReader on files that FFmpeg wrote", () => {
  let files: ReadonlyArray<Buffer> = []
  let truths: ReadonlyArray<ReadonlyArray<Fragment>> = []

  beforeAll(() => {
    files = recordFiles()
    truths = files.map(readAll)
  })

  const anyFile = () => fc.nat(files.length - 1)
  const share = () => fc.double({ min: 0, max: 1, noNaN: true })

  it("finds every fragment, with times that follow each other", () => {
    expect(files.length).toBe(5)
    for (const truth of truths) {
      expect(truth.length).toBeGreaterThan(0)
      for (const [index, fragment] of truth.entries()) {
        const previous = truth[index - 1]
        expect(fragment.mediaEndSeconds).toBeGreaterThan(fragment.mediaStartSeconds)
        if (previous === undefined) continue
        expect(fragment.offset).toBe(endOf(previous))
        expect(Math.abs(fragment.mediaStartSeconds - previous.mediaEndSeconds)).toBeLessThan(0.1)
      }
    }
    const frames = truths.map((truth) => truth.reduce((sum, { frames: n }) => sum + n, 0))
    // Audio alone; 4 s and 3 s with audio (cut at a keyframe); 5 s with B-frames (cut too).
    expect(frames.filter((count) => count === 0).length).toBe(1)
    expect(frames.reduce((sum, count) => sum + count, 0)).toBe(7 * 25 + 5 * 25)
  })

  it("finds exactly the fragments that are whole before any cut", () => {
    fc.assert(
      fc.property(anyFile(), share(), (file, at) => {
        const bytes = files[file] ?? Buffer.alloc(0)
        const cut = Math.floor(at * bytes.length)
        expect(readAll(bytes.subarray(0, cut))).toEqual(wholeBefore(truths[file] ?? [], cut))
      }),
      { numRuns: 3000, seed: 41 },
    )
  })

  it("finds the same however the file grows", () => {
    fc.assert(
      fc.property(anyFile(), fc.array(share(), { maxLength: 30 }), (file, steps) => {
        const bytes = files[file] ?? Buffer.alloc(0)
        let visible = 0
        const reader = readerOver(bytes, () => visible)
        const found: Array<Fragment> = []
        for (const step of [...steps.toSorted((left, right) => left - right), 1]) {
          visible = Math.floor(step * bytes.length)
          reader.advance(visible, found)
          expect(found).toEqual(wholeBefore(truths[file] ?? [], visible))
        }
        expect(reader.damaged).toBe(false)
      }),
      { numRuns: 500, seed: 42 },
    )
  })

  it("survives corrupted bytes and is right about everything before them", () => {
    const noise = fc.uint8Array({ minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(anyFile(), fc.nat(), share(), noise, (file, pick, within, garbage) => {
        const bytes = Buffer.from(files[file] ?? [])
        const truth = truths[file] ?? []
        // Most damage goes into headers: in the sample data it could not be noticed.
        const target = truth[pick % truth.length]
        const from = pick % 3 === 0 ? Math.floor(within * bytes.length) : (target?.offset ?? 0)
        const at = Math.min(bytes.length - 1, from + Math.floor(within * 400))
        bytes.set(garbage.subarray(0, bytes.length - at), at)
        const found = readAll(bytes)
        const sound = wholeBefore(truth, at)
        expect(found.slice(0, sound.length)).toEqual(sound)
        for (const [index, fragment] of found.entries()) {
          expect(endOf(fragment)).toBeLessThanOrEqual(bytes.length)
          expect(fragment.offset).toBeGreaterThanOrEqual(endOf(found[index - 1]))
          expect(Number.isFinite(fragment.mediaEndSeconds)).toBe(true)
        }
      }),
      { numRuns: 3000, seed: 43 },
    )
  })

  it("survives bytes that were never a file", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readAll(bytes)).toEqual([])
      }),
      { numRuns: 1000, seed: 44 },
    )
  })
})

describe("FragmentReader on hand-made files", () => {
  const start = movieStart(true, "hvc1")

  it("describes tracks and fragments", () => {
    const key = movieFragment({ startSeconds: 5, intervalsSeconds: [0.04, 0.5], audioSamples: 3 })
    const delta = movieFragment({ startSeconds: 6, intervalsSeconds: [0.04], isKey: false })
    const bytes = Buffer.concat([start, key, delta])
    const found: Array<Fragment> = []
    const reader = readerOver(bytes)
    reader.advance(bytes.length, found)
    expect(reader.movie?.video?.sampleEntry).toBe("hvc1")
    expect(reader.movie?.audio?.sampleEntry).toBe("mp4a")
    expect(found).toEqual([
      {
        offset: start.length,
        sizeBytes: key.length,
        mediaStartSeconds: 5,
        mediaEndSeconds: 5.54,
        frames: 2,
        startsWithKeyframe: true,
        audioSamples: 3,
        frameIntervalsSeconds: [0.04, 0.5],
      },
      expect.objectContaining({ mediaStartSeconds: 6, startsWithKeyframe: false, audioSamples: 0 }),
    ])
  })

  it.each(["styp", "sidx", "mfra", "prft", "emsg", "free"])("steps over %s", (type) => {
    const other = box(type, Buffer.alloc(20_000))
    const bytes = Buffer.concat([start, other, secondAt(0), other, secondAt(1), other])
    expect(readAll(bytes).map((fragment) => fragment.mediaStartSeconds)).toEqual([0, 1])
  })

  it("reads a fragment beyond one read's length", () => {
    const intervalsSeconds = Array.from({ length: 15_000 }, () => 1 / 90_000)
    const bytes = Buffer.concat([start, movieFragment({ startSeconds: 0, intervalsSeconds })])
    expect(readAll(bytes)[0]?.frames).toBe(15_000)
  })

  it("never reads past damage", () => {
    const good = secondAt(0)
    for (const damage of [
      box("mdat", Buffer.alloc(4)),
      box("moof", Buffer.alloc(16)),
      box("junk", Buffer.alloc(16)),
      Buffer.from([0, 0, 0, 0, 0x6d, 0x64, 0x61, 0x74]),
      start,
    ]) {
      const bytes = Buffer.concat([start, good, damage, secondAt(1)])
      const found: Array<Fragment> = []
      const reader = readerOver(bytes)
      reader.advance(bytes.length, found)
      expect(found.length).toBe(1)
      expect(reader.damaged).toBe(true)
    }
  })

  it("takes a header box beyond 4 MiB for damage before it is there", () => {
    const huge = Buffer.from([0, 0x50, 0, 0, 0x6d, 0x6f, 0x6f, 0x66])
    const bytes = Buffer.concat([start, huge])
    const reader = readerOver(bytes)
    reader.advance(bytes.length, [])
    expect(reader.damaged).toBe(true)
  })

  it("goes on behind fragments that an index describes", () => {
    const parts = [start, secondAt(0), secondAt(1), secondAt(2)]
    const bytes = Buffer.concat(parts)
    const reader = readerOver(bytes)
    const offset = bytes.length - secondAt(2).length
    reader.skipTo(offset, 2, bytes.length)
    const found: Array<Fragment> = []
    reader.advance(bytes.length, found)
    expect(found).toEqual(readAll(bytes).slice(2))
  })
})
