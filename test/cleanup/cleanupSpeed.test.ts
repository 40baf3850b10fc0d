import { describe, expect, it } from "vitest"
import { measureCleanup } from "../verify/cleanup.ts"

/** For root alone, as mount(2) is. */
const canMount = process.getuid?.() === 0

describe("thousands of expired files", () => {
  it("are deleted in time, with flat memory, while cameras record", async () => {
    const verdicts = await measureCleanup({
      seed: 1,
      recording: 2,
      cameras: 4,
      days: 40,
      hours: 24,
      onLoopDisk: canMount,
      startsApart: true,
      // Other tests run on the same processors and hold up a pass, `xargs rm` and the event loop alike. What is slow by
      // itself is so in every round, so that of each the best one counts; then the loop keeps the limit of `npm run verify`.
      rounds: 8,
      // It is 0.46 to 0.65 beside other tests, and at most 0.31 where unlinking takes twice as long.
      leastRate: 0.35,
      mostBlockedMillis: 50,
    })
    process.stdout.write(`${JSON.stringify(verdicts.map(({ name, figures }) => ({ name, ...figures })))}\n`)
    expect(verdicts.map(({ name }) => name)).toEqual([
      "cleanup.rate",
      "cleanup.memory",
      "cleanup.event_loop",
      "cleanup.recording",
    ])
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 180_000)
})
