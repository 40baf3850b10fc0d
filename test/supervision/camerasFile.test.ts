import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { retentionDays } from "../../src/domain/Plan.ts"
import { parseCamerasFile } from "../../src/supervision/camerasFile.ts"

const good = `
owners:
  - name: Bakery
    plan: pro
    quota_bytes: 500000000000
    cameras:
      - name: Till
        url: rtsp://user:secret@10.0.0.1/1
      - name: Door
        url: rtsp://10.0.0.2/1
        transport: udp
        recording_enabled: false
        retention_days: 15
        quota_bytes: null
`

const faultOf = (text: string): string => {
  const result = parseCamerasFile(text, retentionDays)
  return Result.isFailure(result) ? result.failure.message : "none"
}

describe("parseCamerasFile", () => {
  it("reads owners and their cameras", () => {
    const result = parseCamerasFile(good, retentionDays)
    expect(Result.isSuccess(result) && result.success.owners[0]?.cameras.map(({ name }) => name)).toEqual([
      "Till",
      "Door",
    ])
  })

  it("takes a retention as long as the plan's, whatever that is set to", () => {
    expect(Result.isSuccess(parseCamerasFile(good, { ...retentionDays, pro: 14 }))).toBe(false)
    const result = parseCamerasFile(good, retentionDays)
    expect(Result.isSuccess(result) && result.success.owners[0]).toMatchObject({
      quota_bytes: 500_000_000_000,
      cameras: [{}, { retention_days: 15, quota_bytes: null }],
    })
  })

  it.each([
    [
      "a bad URL",
      good.replace("rtsp://10.0.0.2/1", "http://10.0.0.2/1"),
      /^line 10: owners\.0\.cameras\.1\.url: must begin/,
    ],
    [
      "an unknown plan",
      good.replace("pro", "gold"),
      /^line 4: owners\.0\.plan: Expected "basic" \| "pro" \| "premium"/,
    ],
    [
      "an unknown key",
      good.replace("transport", "transprt"),
      /^line 11: .*transprt: Expected no excess property/,
    ],
    ["a missing URL", good.replace("        url: rtsp://user:secret@10.0.0.1/1\n", ""), /^line 7: .*url/],
    ["a name that stands twice", good.replace("Door", "Till"), /^line 9: .*this name stands twice/],
    [
      "a retention that the plan does not allow",
      good.replace("retention_days: 15", "retention_days: 16"),
      /^line 13: owners\.0\.cameras\.1\.retention_days: expected 1 to 15, as the plan pro allows, or null$/,
    ],
    ["a retention of part of a day", good.replace("_days: 15", "_days: 1.5"), /^line 13: .*retention_days: /],
    ["a quota of nothing", good.replace("500000000000", "0"), /^line 5: owners\.0\.quota_bytes: /],
    ["a quota in words", good.replace("_bytes: null", "_bytes: 5 GB"), /^line 14: .*quota_bytes: /],
    ["broken YAML", "owners: [", /^line 1: not YAML/],
    ["an empty file", "", /^line 1: /],
  ])("names the line of %s", (_name, text, message) => {
    expect(faultOf(text)).toMatch(message)
  })

  it("repeats no value: it may be a password", () => {
    expect(faultOf(good.replace("rtsp://user:secret@", "rtp://user:secret@"))).not.toContain("secret")
  })
})
