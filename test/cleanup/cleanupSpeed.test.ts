import { describe, expect, it } from "vitest"
import { measureCleanup } from "../verify/cleanup.ts"

describe("thousands of expired files", () => {
  it("are deleted in time, with flat memory, while cameras record", async () => {
    const verdicts = await measureCleanup({
      seed: 1,
      recording: 2,
      cameras: 4,
      days: 60,
      hours: 24,
      onLoopDisk: false,
      startSeconds: 4,
      // Other tests run on the same processors.
      mostBlockedMillis: 200,
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
