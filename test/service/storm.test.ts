import { describe, expect, it } from "vitest"
import { measureStorm } from "../verify/storm.ts"

describe("cameras whose server comes back at once", () => {
  it("are started one after the other, by chance", async () => {
    const verdicts = await measureStorm({ seed: 6, cameras: 20, downSeconds: 7 })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 120_000)
})
