import { describe, expect, it } from "vitest"
import { measureIndependentServer } from "../verify/independentServer.ts"

describe("GStreamer's RTSP server", () => {
  it("is recorded with picture and sound, without a gap", async () => {
    const verdicts = await measureIndependentServer({ seconds: 8 })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  })
})
