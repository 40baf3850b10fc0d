import { describe, expect, it } from "vitest"
import { measureTime } from "../verify/time.ts"

describe("a clock that is stepped, midnight and summer time", () => {
  it("overwrite nothing and neither invent nor hide time", async () => {
    const verdicts = await measureTime({ seed: 3, seconds: 14, rounds: 1 })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  })
})
