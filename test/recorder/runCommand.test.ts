import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import type { Camera, StreamProfile } from "../../src/domain/Camera.ts"
import { ffmpegArguments } from "../../src/recorder/ffmpegArguments.ts"
import { isAsWanted, type RecordingSettings, readRunCommand } from "../../src/recorder/runCommand.ts"

const settings: RecordingSettings = {
  recordingCodec: "copy",
  recordingBitrate: "2M",
  segmentDurationSeconds: 3600,
}

const h264: StreamProfile = { videoCodec: "h264", audioCodec: "aac" }
const hevc: StreamProfile = { videoCodec: "hevc", audioCodec: null }

const cameraWith = (change: Partial<Camera>): Camera => ({
  id: 1,
  ownerId: 1,
  name: "Till",
  url: Redacted.make("rtsp://user:password@camera/stream"),
  transport: "tcp",
  recordingEnabled: true,
  profile: h264,
  createdAtMillis: 0,
  ...change,
})

const commandFor = (camera: Camera, profile: StreamProfile, chosen: RecordingSettings = settings) =>
  readRunCommand(
    ffmpegArguments({
      url: Redacted.value(camera.url),
      transport: camera.transport,
      profile,
      audio: "as_probed",
      probing: "fast",
      codec: chosen.recordingCodec,
      bitrate: chosen.recordingBitrate,
      segmentDurationSeconds: chosen.segmentDurationSeconds,
      runDirectory: "/recordings/cam_1/.runs/x",
    }),
  )

describe("a run's command line", () => {
  it("says what the run records", () => {
    const command = commandFor(cameraWith({}), h264)
    expect(Redacted.value(command.url)).toBe("rtsp://user:password@camera/stream")
    expect(command).toMatchObject({
      transport: "tcp",
      segmentDurationSeconds: 3600,
      videoBitrate: null,
      hasAudio: true,
    })
    expect(commandFor(cameraWith({}), hevc).hasAudio).toBe(false)
  })

  it.each([
    ["nothing has changed", {}, settings, true],
    ["the URL has changed", { url: Redacted.make("rtsp://other/stream") }, settings, false],
    ["the transport has changed", { transport: "udp" } as const, settings, false],
    ["segments got another length", {}, { ...settings, segmentDurationSeconds: 60 }, false],
    ["re-encoding would change nothing", {}, { ...settings, recordingCodec: "h264" } as const, true],
    ["the bitrate is of no account", {}, { ...settings, recordingBitrate: "1M" }, true],
    ["the profile is not known", { profile: null }, settings, true],
    ["the name has changed", { name: "Door" }, settings, true],
  ])("lets the run go on or not when %s", (_, change, wanted, goesOn) => {
    const command = commandFor(cameraWith({}), h264)
    expect(isAsWanted(command, cameraWith(change), wanted)).toBe(goesOn)
  })

  it("ends a run that copies when re-encoding is wanted, and one that re-encodes when it is not, or otherwise", () => {
    const camera = cameraWith({ profile: hevc })
    const encoding = { ...settings, recordingCodec: "h264" } as const
    expect(isAsWanted(commandFor(camera, hevc), camera, encoding)).toBe(false)
    expect(isAsWanted(commandFor(camera, hevc, encoding), camera, encoding)).toBe(true)
    expect(isAsWanted(commandFor(camera, hevc, encoding), camera, settings)).toBe(false)
    expect(
      isAsWanted(commandFor(camera, hevc, encoding), camera, { ...encoding, recordingBitrate: "1M" }),
    ).toBe(false)
    const unprobed = cameraWith({ profile: null })
    expect(isAsWanted(commandFor(camera, hevc, encoding), unprobed, settings)).toBe(false)
  })
})
