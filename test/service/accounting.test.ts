import { describe, expect, it } from "vitest"
import { measureAccounting } from "../verify/accounting.ts"

describe("the account of cameras under faults", () => {
  it("is exact, names every cause, and is right within 0.5 s at every boundary", async () => {
    const verdicts = await measureAccounting({ seed: 5, cameras: 4, seconds: 32 })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 120_000)
})
