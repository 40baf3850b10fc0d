import { describe, expect, it } from "vitest"
import { measureCrash } from "../verify/crash.ts"

describe("kill -9 of FFmpeg", () => {
  it("costs at most a second, plays, and is followed by the next fragment within 2.5 s", async () => {
    const verdicts = await measureCrash({
      seed: 2,
      ordinary: { cameras: 3, kills: 3 },
      lowBitrate: { cameras: 2, kills: 2 },
    })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 90_000)
})
