import { describe, expect, it } from "vitest"
import { measureFrameLoss } from "../verify/frameLoss.ts"

describe("what cameras left out and the network lost", () => {
  it("is reported as it was: missing frames, lost packets, a bound for damaged frames, or not measured", async () => {
    const verdicts = await measureFrameLoss({
      seed: 3,
      shares: [0, 0.05],
      frames: 400,
      segmentSeconds: 3600,
      kills: 1,
    })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 180_000)
})
