import { resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { readSettings } from "../../src/config/Settings.ts"

describe("readSettings", () => {
  it("has a default for everything", () => {
    expect(readSettings({})).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      recordingDirectory: resolve("recordings"),
      stateDirectory: resolve("state"),
      database: { kind: "embedded" },
      segmentDurationSeconds: 3600,
      recordingFormat: "mp4",
      recordingCodec: "copy",
      recordingBitrate: "2M",
      ffmpegPath: "ffmpeg",
      ffprobePath: "ffprobe",
      camerasFile: null,
      adoptionLeaseMillis: 600_000,
      syncIntervalMillis: 5000,
      repairIntervalMillis: 3_600_000,
      logLevel: "info",
    })
  })

  it("treats an empty value as not set", () => {
    expect(readSettings({ PORT: "", DATABASE_URL: "" })).toMatchObject({ port: 8080 })
  })

  it("finds ffprobe beside ffmpeg", () => {
    expect(readSettings({ FFMPEG_PATH: "/opt/ffmpeg-7/bin/ffmpeg" }).ffprobePath).toBe(
      "/opt/ffmpeg-7/bin/ffprobe",
    )
  })

  it.each([
    ["PORT", "eighty", "a whole number from 0 to 65535"],
    ["RECORDING_SEGMENT_DURATION", "1", "a whole number from 2 to 86400"],
    ["RECORDING_FORMAT", "avi", "mp4"],
    ["RECORDING_CODEC", "vp9", "copy, h264"],
    ["RECORDING_BITRATE", "-i", "a number of bits a second"],
    ["LOG_LEVEL", "loud", "fatal, error, warn, info, debug, trace"],
  ])("refuses %s=%s and says what is allowed", (variable, value, allowed) => {
    expect(() => readSettings({ [variable]: value })).toThrow(
      `${variable}="${value}" is not usable: allowed is ${allowed}`,
    )
  })

  it("does not repeat a database URL, which may hold a password", () => {
    expect(() => readSettings({ DATABASE_URL: "mysql://me:secret@host/db" })).toThrow(
      'DATABASE_URL="(hidden)" is not usable: allowed is postgres://user:password@host:port/database',
    )
  })
})
