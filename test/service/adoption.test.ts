import { describe, expect, it } from "vitest"
import { measureAdoption } from "../verify/adoption.ts"

describe("a service that is killed, handed over and replaced while its cameras are recorded", () => {
  it("adopts every run soon and loses no frame", async () => {
    const verdicts = await measureAdoption({
      seed: 3,
      cameras: 3,
      kills: 3,
      handovers: 1,
      upgrades: 1,
      upSeconds: 1.5,
      downSeconds: 2,
      // Other tests run on the same processors; `npm run verify` measures the 2 s.
      mostStartSeconds: 10,
    })
    const { figures } = verdicts.find(({ name }) => name === "adoption.start") ?? {}
    process.stdout.write(`service restarted, runs adopted after: ${figures?.["all_seconds"]} s\n`)
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 120_000)
})
