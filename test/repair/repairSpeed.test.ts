import { describe, expect, it } from "vitest"
import { measureRepair } from "../verify/repair.ts"

describe("thousands of files against as many rows", () => {
  it("are compared in time, with flat memory, and not touched by the hourly pass", async () => {
    const verdicts = await measureRepair({ cameras: 4, days: 52, hours: 24, rounds: 3, startSeconds: 0.3 })
    process.stdout.write(`${JSON.stringify(verdicts.map(({ name, figures }) => ({ name, ...figures })))}\n`)
    expect(verdicts.map(({ name }) => name)).toEqual([
      "repair.full",
      "repair.memory",
      "repair.event_loop",
      "repair.hourly",
    ])
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 180_000)
})
