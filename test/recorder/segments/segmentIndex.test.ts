import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { FragmentRecord } from "../../../src/recorder/segments/fragmentRecord.ts"
import {
  decodeIndex,
  encodeEnd,
  encodeHeader,
  encodeRecord,
} from "../../../src/recorder/segments/segmentIndex.ts"
import type { SegmentHeader } from "../../../src/recorder/segments/segmentIndex.ts"

const number = () => fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const count = () => fc.nat()
const header: fc.Arbitrary<SegmentHeader> = fc.record({
  version: fc.constant(1 as const),
  runId: fc.string({ unit: "binary" }),
  number: count(),
  cameraId: count(),
  filePath: fc.string(),
  reservedInode: fc.option(count()),
  runStartedAtMillis: fc.option(number()),
  clockStepMillis: number(),
  wallMinusMonotonicMillis: number(),
  nominalSeconds: number(),
  timeline: fc.option(
    fc.record({
      trueMillis: number(),
      offsetMillis: fc.option(number()),
      residuals: fc.array(number()),
      pendingResiduals: fc.array(number()),
      endMillis: fc.option(number()),
    }),
  ),
  packetLoss: fc.option(
    fc.record({ logBytes: count(), isDamaged: fc.boolean(), damagedUntilSeconds: number() }),
  ),
})

const recordAt = (offset: number, sizeBytes: number): fc.Arbitrary<FragmentRecord> =>
  fc.record({
    offset: fc.constant(offset),
    sizeBytes: fc.constant(sizeBytes),
    mediaStartSeconds: number(),
    mediaEndSeconds: number(),
    frames: count(),
    startsWithKeyframe: fc.boolean(),
    audioSamples: count(),
    nominalSeconds: number(),
    missingFrames: count(),
    irregularFrames: count(),
    stretches: fc.array(fc.record({ atSeconds: number(), mediaSeconds: number(), squeezedFrames: count() }), {
      maxLength: 3,
    }),
    arrivalMillis: fc.option(number()),
    arrivalKind: fc.constantFrom("observed" as const, "bound" as const, "hint" as const),
    lastIntervalSeconds: number(),
    loss: fc.option(fc.record({ lostPackets: count(), damagedFramesAtMost: count(), logBytes: count() })),
  })

const records = fc.array(fc.integer({ min: 1, max: 1e7 }), { maxLength: 8 }).chain((sizes) =>
  fc.tuple(
    ...sizes.map((size, index) =>
      recordAt(
        sizes.slice(0, index).reduce((sum, before) => sum + before, 0),
        size,
      ),
    ),
  ),
)

describe("the index of a segment", () => {
  it("reads back what was written", () => {
    const end = fc.constantFrom(null, "next_file" as const, "run_ended" as const)
    fc.assert(
      fc.property(header, records, end, (head, lines, last) => {
        const text =
          encodeHeader(head) + lines.map(encodeRecord).join("") + (last === null ? "" : encodeEnd(last))
        const wholeBytes = Buffer.byteLength(text)
        expect(decodeIndex(text)).toEqual({ header: head, records: lines, end: last, wholeBytes })
      }),
      { numRuns: 300, seed: 21 },
    )
  })

  it("gives the whole lines before any cut", () => {
    fc.assert(
      fc.property(header, records, fc.double({ min: 0, max: 1, noNaN: true }), (head, lines, at) => {
        const parts = [encodeHeader(head), ...lines.map(encodeRecord)]
        const text = parts.join("")
        const cut = text.slice(0, Math.floor(at * text.length))
        let whole = 0
        let length = 0
        for (const part of parts) {
          length += part.length
          if (length <= cut.length) whole += 1
        }
        const expected = whole === 0 ? undefined : lines.slice(0, whole - 1)
        expect(decodeIndex(cut)?.records).toEqual(expected)
      }),
      { numRuns: 500, seed: 22 },
    )
  })

  it("never throws on damage, and never invents a fragment before it", () => {
    fc.assert(
      fc.property(header, records, fc.nat(), fc.string(), (head, lines, pick, garbage) => {
        const text = encodeHeader(head) + lines.map(encodeRecord).join("")
        const at = pick % (text.length + 1)
        const damaged = text.slice(0, at) + garbage + text.slice(at + garbage.length)
        const index = decodeIndex(damaged)
        const before = decodeIndex(text.slice(0, at))?.records ?? []
        const found = index?.records ?? before
        expect(found.slice(0, before.length)).toEqual(before)
      }),
      { numRuns: 500, seed: 23 },
    )
  })

  it("stops where a line goes back in the file", () => {
    const lines = fc.tuple(header, recordAt(100, 50), recordAt(120, 50))
    fc.assert(
      fc.property(lines, ([head, first, second]) => {
        const text = encodeHeader(head) + encodeRecord(first) + encodeRecord(second)
        expect(decodeIndex(text)?.records).toEqual([first])
      }),
      { numRuns: 20, seed: 24 },
    )
  })
})
