import { resolve } from "node:path"
import * as Cron from "effect/Cron"
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
      planDays: { basic: 7, pro: 15, premium: 30 },
      diskWarningPercent: 80,
      diskCriticalPercent: 90,
      diskReserveBytes: null,
      logLevel: "info",
      alertWebhook: null,
    })
  })

  it.each([
    ["0", 0],
    ["1048576", 1_048_576],
    ["3k", 3072],
    ["5M", 5_242_880],
    ["2G", 2_147_483_648],
  ])("reads a reserve of %s as %i bytes", (value, expected) => {
    expect(readSettings({ RECORDING_DISK_RESERVE: value }).diskReserveBytes).toBe(expected)
  })

  it("lowers the default warning to a critical mark below it", () => {
    expect(readSettings({ RECORDING_DISK_CRITICAL: "50" }).diskWarningPercent).toBe(50)
  })

  it("cleans up at 03:00 in the zone of TZ", () => {
    const { cleanupSchedule } = readSettings({ TZ: "America/Sao_Paulo" })
    expect(Cron.next(cleanupSchedule, "2026-01-14T12:00:00Z").toISOString()).toBe("2026-01-15T06:00:00.000Z")
    const hourly = readSettings({ TZ: "UTC", RECORDING_CLEANUP_CRON: "15 * * * *" }).cleanupSchedule
    expect(Cron.next(hourly, "2026-01-14T12:00:00Z").toISOString()).toBe("2026-01-14T12:15:00.000Z")
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
    ["RECORDING_DISK_CRITICAL", "101", "a whole number from 1 to 100"],
    ["RECORDING_DISK_WARNING", "95", "a whole number from 1 to 90"],
    ["RECORDING_DISK_RESERVE", "-1", "a number of bytes, optionally with k, M or G, such as 5G"],
    ["RECORDING_DISK_RESERVE", "1T", "a number of bytes, optionally with k, M or G, such as 5G"],
    ["RECORDING_DISK_RESERVE", "999999999G", "a number of bytes, optionally with k, M or G, such as 5G"],
    ["RECORDING_RETENTION_BASIC", "0", "a whole number from 1 to 3650"],
    ["RECORDING_RETENTION_PREMIUM", "1.5", "a whole number from 1 to 3650"],
    [
      "RECORDING_CLEANUP_CRON",
      "at three",
      "five fields (minute, hour, day, month, weekday) such as 0 3 * * *",
    ],
    ["RECORDING_CLEANUP_CRON", "0 25 * * *", "five fields"],
    ["RECORDING_CLEANUP_CRON", "0 0 3 * * *", "five fields"],
    ["RECORDING_CLEANUP_CRON", "0 3 31 2 *", "five fields"],
    ["TZ", "Mars/Olympus", "the name of a time zone, such as America/Sao_Paulo or UTC"],
    ["LOG_LEVEL", "loud", "fatal, error, warn, info, debug, trace"],
    ["ALERT_WEBHOOK_FORMAT", "slack", "plain, alertmanager"],
  ])("refuses %s=%s and says what is allowed", (variable, value, allowed) => {
    expect(() => readSettings({ [variable]: value })).toThrow(
      `${variable}="${value}" is not usable: allowed is ${allowed}`,
    )
  })

  it("reads who is told of alerts, and shows none of it", () => {
    const { alertWebhook } = readSettings({
      ALERT_WEBHOOK_URL: "https://ops:p4ss@alerts.example/t0ken",
      ALERT_WEBHOOK_FORMAT: "alertmanager",
      ALERT_WEBHOOK_SECRET: "whsec_c2lnbmluZw==",
    })
    expect(alertWebhook?.format).toBe("alertmanager")
    expect(JSON.stringify(alertWebhook)).not.toMatch(/p4ss|alerts|t0ken|c2lnbmluZw/)
    expect(readSettings({ ALERT_WEBHOOK_URL: "http://127.0.0.1:9/" }).alertWebhook).toMatchObject({
      format: "plain",
      secret: null,
    })
  })

  it.each([
    ["ALERT_WEBHOOK_URL", "ftp://ops:p4ss@alerts.example/"],
    ["ALERT_WEBHOOK_URL", "alerts.example/p4ss"],
    ["ALERT_WEBHOOK_URL", "http://ops:p4ss%@alerts.example/"],
    ["ALERT_WEBHOOK_URL", "http://"],
    ["ALERT_WEBHOOK_SECRET", "whsec_p4ss!"],
  ])("refuses an unusable %s without repeating it (%s)", (variable, value) => {
    const read = () => readSettings({ [variable]: value })
    expect(read).toThrow(`${variable}="(hidden)" is not usable: allowed is `)
    expect(read).not.toThrow("p4ss")
  })

  it("does not repeat a database URL, which may hold a password", () => {
    expect(() => readSettings({ DATABASE_URL: "mysql://me:secret@host/db" })).toThrow(
      'DATABASE_URL="(hidden)" is not usable: allowed is postgres://user:password@host:port/database',
    )
  })
})
