import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readStamp, stampNal, stampOffsetInNal, writeStamp } from "../../../src/demo/simulator/frameStamp.ts"

const codec = fc.constantFrom("h264" as const, "hevc" as const)
const number = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 300 }))

describe("frameStamp", () => {
  it("reads what was written, without a byte that would need emulation prevention", () => {
    fc.assert(
      fc.property(codec, number, number, (of, sequence, sentAtMillis) => {
        const nal = stampNal(of)
        writeStamp(nal, stampOffsetInNal(of), { sequence, sentAtMillis })
        expect(readStamp(nal, of)).toEqual({ sequence, sentAtMillis })
        expect(nal.indexOf(Buffer.from([0, 0]))).toBe(-1)
      }),
      { seed: 1 },
    )
  })

  it("takes nothing else for a stamp", () => {
    fc.assert(
      fc.property(codec, fc.uint8Array({ maxLength: 80 }), (of, bytes) => {
        expect(readStamp(Buffer.from(bytes), of)).toBeNull()
      }),
      { seed: 1 },
    )
    expect(readStamp(stampNal("h264"), "hevc")).toBeNull()
    expect(readStamp(stampNal("h264").subarray(0, -2), "h264")).toBeNull()
  })
})
