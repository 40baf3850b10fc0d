import { describe, expect, it } from "vitest"
import { measureTotalCrash } from "../verify/totalCrash.ts"

describe("a service that dies together with all its runs", () => {
  it("loses at most a second, accounts for the gap, and repairs twice without a difference", async () => {
    const verdicts = await measureTotalCrash({ seed: 4, cameras: 3, rounds: 2, downSeconds: 2 })
    const { figures } = verdicts.find(({ name }) => name === "total_crash.tail") ?? {}
    process.stdout.write(`service and runs killed: at most ${figures?.["worst_seconds"]} s lost\n`)
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 120_000)
})
