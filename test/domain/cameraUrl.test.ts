import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cameraUrlFault } from "../../src/domain/cameraUrl.ts"

describe("cameraUrlFault", () => {
  it.each([
    "rtsp://camera/stream",
    "rtsps://camera:322/",
    "rtsp://user:p%40ss@10.0.0.1:554/h264?channel=1",
    "rtsp://[fe80::1]:554/x",
  ])("accepts %s", (url) => {
    expect(cameraUrlFault(url)).toBeNull()
  })

  it.each([
    ["file:///etc/passwd", "must begin with"],
    ["concat:/a|/b", "must begin with"],
    ["http://camera/stream", "must begin with"],
    ["-i", "is no URL"],
    ["", "holds spaces"],
    ["rtsp://a\n-i x", "holds spaces"],
    ["rtsp://a b", "holds spaces"],
    ["rtsp://\u0000", "holds spaces"],
    ["rtsp:///stream", "has no host"],
    ["rtsp:stream", "has no host"],
    [`rtsp://camera/${"x".repeat(10_000)}`, "is longer than 2048"],
  ])("refuses %j", (url, reason) => {
    expect(cameraUrlFault(url)).toContain(reason)
  })

  it("accepts nothing that FFmpeg could take for an option or another protocol", () => {
    fc.assert(
      fc.property(
        fc
          .tuple(
            fc.constantFrom("rtsp://", "rtsps://", "RTSP://", "file://", "-", "rtsp:"),
            fc.string({ maxLength: 60 }),
          )
          .map((parts) => parts.join("")),
        (text) => {
          fc.pre(cameraUrlFault(text) === null)
          expect(text).toMatch(/^rtsps?:\/\/[\x21-\x7e]+$/i)
        },
      ),
      { seed: 3, numRuns: 2000 },
    )
  })
})
