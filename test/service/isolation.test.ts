import { describe, expect, it } from "vitest"
import { measureIsolation } from "../verify/isolation.ts"

describe("cameras beside cameras that fail without end", () => {
  it("have no gap and lose no frame", async () => {
    const verdicts = await measureIsolation({ seed: 4, healthy: 10, seconds: 15 })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 120_000)
})
