import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cameraUrlFault } from "../../src/domain/cameraUrl.ts"
import { withoutCameraUrl } from "../../src/recorder/withoutCameraUrl.ts"

/** Everything that a camera's URL may hold; the digits tell it from all that FFmpeg says. */
const password = fc.stringMatching(/^7[\x21-\x7e]{2,20}7$/)

const places: ReadonlyArray<readonly [string, (secret: string) => string]> = [
  ["user", (secret) => `rtsp://viewer:${secret}@cam.example:554/live`],
  ["user alone", (secret) => `rtsp://${secret}@cam.example/live`],
  ["path", (secret) => `rtsp://cam.example/user=admin_password=${secret}_channel=1.sdp`],
  ["query", (secret) => `rtsp://cam.example/live?usr=admin&p=${secret}`],
]

describe("withoutCameraUrl", () => {
  it.each(places)("leaves no password in the %s", (_place, urlOf) => {
    fc.assert(
      fc.property(password, (secret) => {
        const url = urlOf(secret)
        fc.pre(cameraUrlFault(url) === null)
        const shown = withoutCameraUrl(`[error] ${url}: strange end of '${url}'`, url)
        expect(shown).not.toContain(secret)
        expect(shown).toMatch(/^\[error\] rtsp:.*: strange end of 'rtsp:.*'$/)
      }),
      { seed: 11, numRuns: 500 },
    )
  })

  it.each([
    ["viewer:Hun'ter2 is refused", "*** is refused"],
    ["Hun'ter2", "***"],
    ["Hun%27ter2", "***"],
    ["Basic dmlld2VyOkh1bid0ZXIy", "Basic ***"],
    ["Connection to tcp://cam.example:554 failed", "Connection to tcp://cam.example:554 failed"],
  ])("of the parts of the URL in %j shows %j", (text, shown) => {
    expect(withoutCameraUrl(text, "rtsp://viewer:Hun%27ter2@cam.example:554/live")).toBe(shown)
  })

  it("changes nothing for a run whose URL nobody knows", () => {
    expect(withoutCameraUrl("Connection refused", "")).toBe("Connection refused")
  })
})
