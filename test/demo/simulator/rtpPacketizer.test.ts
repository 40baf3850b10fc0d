import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { aacPayload, h264Payloads, hevcPayloads } from "../../../src/demo/simulator/rtpPacketizer.ts"

/** Of units too large for one packet. */
const sizes = fc.oneof(fc.integer({ min: 1401, max: 6000 }), fc.constantFrom(1401, 2797, 2798, 60_000))
const nal = (sizeBytes: number, ...header: ReadonlyArray<number>): Buffer =>
  Buffer.concat([Buffer.from(header), Buffer.alloc(sizeBytes - header.length, 0x5a)])

describe("rtpPacketizer", () => {
  it("leaves a NAL unit that fits into a packet as it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 1400 }), (sizeBytes) => {
        const unit = nal(sizeBytes, 0x02, 0x01)
        expect([h264Payloads(unit), hevcPayloads(unit)]).toEqual([[unit], [unit]])
      }),
      { seed: 1 },
    )
  })

  it("gives H.264 NAL units that put together again are the same (RFC 6184)", () => {
    fc.assert(
      fc.property(sizes, fc.constantFrom(0x65, 0x41, 0x01), (sizeBytes, header) => {
        const unit = nal(sizeBytes, header)
        const payloads = h264Payloads(unit)
        expect(Math.max(...payloads.map((payload) => payload.length))).toBeLessThanOrEqual(1400)
        const headers = payloads.map((payload) => payload.readUInt8(1) & 0xe0)
        expect(headers).toEqual([0x80, ...headers.slice(1, -1).map(() => 0), 0x40])
        for (const payload of payloads) expect(payload.readUInt8(0)).toBe((header & 0x60) | 28)
        const rebuilt = (payloads[0]?.readUInt8(1) ?? 0) & 0x1f
        expect(rebuilt | (header & 0xe0)).toBe(header)
        expect(Buffer.concat(payloads.map((payload) => payload.subarray(2)))).toEqual(unit.subarray(1))
      }),
      { seed: 1 },
    )
  })

  it("gives HEVC NAL units that put together again are the same (RFC 7798)", () => {
    fc.assert(
      fc.property(sizes, fc.constantFrom(19, 1, 39), (sizeBytes, type) => {
        const unit = nal(sizeBytes, type << 1, 1)
        const payloads = hevcPayloads(unit)
        for (const payload of payloads) {
          expect([payload.readUInt8(0), payload.readUInt8(1)]).toEqual([49 << 1, 1])
          expect(payload.readUInt8(2) & 0x3f).toBe(type)
        }
        expect(payloads.map((payload) => payload.readUInt8(2) & 0x80).indexOf(0x80, 1)).toBe(-1)
        expect(payloads.findIndex((payload) => payload.readUInt8(2) & 0x40)).toBe(payloads.length - 1)
        expect(Buffer.concat(payloads.map((payload) => payload.subarray(3)))).toEqual(unit.subarray(2))
      }),
      { seed: 1 },
    )
  })

  it("puts the size of an AAC access unit before it (RFC 3640)", () => {
    expect(aacPayload(Buffer.alloc(300)).subarray(0, 4)).toEqual(
      Buffer.from([0, 16, 300 >> 5, (300 << 3) & 0xff]),
    )
  })
})
