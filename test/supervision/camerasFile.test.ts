import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { parseCamerasFile } from "../../src/supervision/camerasFile.ts"

const good = `
owners:
  - name: Bakery
    plan: pro
    cameras:
      - name: Till
        url: rtsp://user:secret@10.0.0.1/1
      - name: Door
        url: rtsp://10.0.0.2/1
        transport: udp
        recording_enabled: false
`

const faultOf = (text: string): string => {
  const result = parseCamerasFile(text)
  return Result.isFailure(result) ? result.failure.message : "none"
}

describe("parseCamerasFile", () => {
  it("reads owners and their cameras", () => {
    const result = parseCamerasFile(good)
    expect(Result.isSuccess(result) && result.success.owners[0]?.cameras.map(({ name }) => name)).toEqual([
      "Till",
      "Door",
    ])
  })

  it.each([
    [
      "a bad URL",
      good.replace("rtsp://10.0.0.2/1", "http://10.0.0.2/1"),
      /^line 9: owners\.0\.cameras\.1\.url: must begin/,
    ],
    [
      "an unknown plan",
      good.replace("pro", "gold"),
      /^line 4: owners\.0\.plan: Expected "basic" \| "pro" \| "premium"/,
    ],
    [
      "an unknown key",
      good.replace("transport", "transprt"),
      /^line 10: .*transprt: Expected no excess property/,
    ],
    ["a missing URL", good.replace("        url: rtsp://user:secret@10.0.0.1/1\n", ""), /^line 6: .*url/],
    ["a name that stands twice", good.replace("Door", "Till"), /^line 8: .*this name stands twice/],
    ["broken YAML", "owners: [", /^line 1: not YAML/],
    ["an empty file", "", /^line 1: /],
  ])("names the line of %s", (_name, text, message) => {
    expect(faultOf(text)).toMatch(message)
  })

  it("repeats no value: it may be a password", () => {
    expect(faultOf(good.replace("rtsp://user:secret@", "rtp://user:secret@"))).not.toContain("secret")
  })
})
