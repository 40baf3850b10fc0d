import { resolve } from "node:path"
import type { Cron } from "effect/Cron"
import * as Redacted from "effect/Redacted"
import { type Plan, retentionDays } from "../domain/Plan.ts"
import { schedule } from "./schedule.ts"
import {
  bytes,
  type Environment,
  InvalidSetting,
  matching,
  oneOf,
  secondsAsMillis,
  text,
  whole,
} from "./variable.ts"
import { webhook, type WebhookSettings } from "./webhook.ts"

/** Where PostgreSQL is: Vigia's own, or one that the operator runs (version 13 or newer). */
export type DatabaseSettings =
  | { readonly kind: "embedded"; readonly stateDirectory: string }
  | { readonly kind: "url"; readonly url: Redacted.Redacted }
  | {
      readonly kind: "server"
      readonly host: string
      readonly port: number
      readonly user: string
      readonly password: Redacted.Redacted
      readonly database: string
    }

export type RecordingCodec = "copy" | "h264"

/** Everything the environment decides, read once at start. */
export interface Settings {
  readonly host: string
  readonly port: number
  /** Absolute, as is the state directory: FFmpeg and later lives of the service are told these paths. */
  readonly recordingDirectory: string
  readonly stateDirectory: string
  readonly database: DatabaseSettings
  readonly segmentDurationSeconds: number
  readonly recordingFormat: "mp4"
  readonly recordingCodec: RecordingCodec
  /** As FFmpeg's `-b:v` takes it, for example `2M`. */
  readonly recordingBitrate: string
  readonly ffmpegPath: string
  readonly ffprobePath: string
  readonly camerasFile: string | null
  /** From the start of a run to its first fragment. */
  readonly connectTimeoutMillis: number
  /** From one fragment to the next. */
  readonly stallTimeoutMillis: number
  /** The first wait of the exponential backoff, and its cap. */
  readonly retryInitialMillis: number
  readonly retryMaximumMillis: number
  /** Between tries while only a person can end the cause. */
  readonly retryPermanentMillis: number
  /** Steady fragments for this long forgive all earlier failures. */
  readonly healthySpellMillis: number
  /** Between two looks for audio that a camera advertises and does not send. */
  readonly audioRetryMillis: number
  /** Between two writes of growing rows. */
  readonly flushIntervalMillis: number
  /** How long runs go on without a service before they are ended. */
  readonly adoptionLeaseMillis: number
  /** Between two syncs of the growing files: what a power cut may cost. */
  readonly syncIntervalMillis: number
  /** Between two comparisons of disk and catalog. */
  readonly repairIntervalMillis: number
  /** How full the disk may get; used parts in percent, null for the default reserve. */
  readonly diskWarningPercent: number
  readonly diskCriticalPercent: number
  readonly diskReserveBytes: number | null
  /** Days for which each plan keeps recordings. */
  readonly planDays: Readonly<Record<Plan, number>>
  /** When expired recordings are deleted, with its time zone. */
  readonly cleanupSchedule: Cron
  /** Who is told of alerts; null for nobody. */
  readonly alertWebhook: WebhookSettings | null
  readonly logLevel: LogLevel
}

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace"] as const
export type LogLevel = (typeof logLevels)[number]

const databaseSettings = (environment: Environment, stateDirectory: string): DatabaseSettings => {
  const url = text(environment, "DATABASE_URL", "")
  if (url !== "") {
    if (!/^postgres(ql)?:\/\/.+/.test(url)) {
      // The value may hold a password: it is not repeated.
      throw new InvalidSetting({
        variable: "DATABASE_URL",
        value: "(hidden)",
        allowed: "postgres://user:password@host:port/database",
      })
    }
    return { kind: "url", url: Redacted.make(url) }
  }
  const host = text(environment, "POSTGRES_HOST", "")
  if (host === "") return { kind: "embedded", stateDirectory }
  return {
    kind: "server",
    host,
    port: whole(environment, "POSTGRES_PORT", 5432, { minimum: 1, maximum: 65_535 }),
    user: text(environment, "POSTGRES_USER", "vigia"),
    password: Redacted.make(text(environment, "POSTGRES_PASSWORD", "")),
    database: text(environment, "POSTGRES_DB", "vigia"),
  }
}

const days = (environment: Environment, variable: string, plan: Plan): number =>
  whole(environment, variable, retentionDays[plan], { minimum: 1, maximum: 3650 })

/** FFmpeg's programs stand side by side: `/opt/x/ffmpeg` has its `ffprobe` at `/opt/x/ffprobe`. */
const besideFfmpeg = (ffmpegPath: string): string => ffmpegPath.replace(/ffmpeg(?=[^/]*$)/, "ffprobe")

/**
 * Reads the settings from the environment.
 *
 * @throws InvalidSetting with one line that names the variable, its value and what is allowed.
 */
export const readSettings = (environment: Environment): Settings => {
  const stateDirectory = resolve(text(environment, "RECORDING_STATE_DIR", "./state"))
  const ffmpegPath = text(environment, "FFMPEG_PATH", "ffmpeg")
  const camerasFile = text(environment, "CAMERAS_FILE", "")
  const diskCriticalPercent = whole(environment, "RECORDING_DISK_CRITICAL", 90, { minimum: 1, maximum: 100 })
  const diskWarningPercent = whole(environment, "RECORDING_DISK_WARNING", Math.min(80, diskCriticalPercent), {
    minimum: 1,
    maximum: diskCriticalPercent,
  })
  const duration = (variable: string, fallbackSeconds: number) =>
    secondsAsMillis(environment, variable, fallbackSeconds, { minimum: 0.1, maximum: 86_400 })
  return {
    host: text(environment, "HOST", "127.0.0.1"),
    port: whole(environment, "PORT", 8080, { minimum: 0, maximum: 65_535 }),
    recordingDirectory: resolve(text(environment, "RECORDING_DIR", "./recordings")),
    stateDirectory,
    database: databaseSettings(environment, stateDirectory),
    segmentDurationSeconds: whole(environment, "RECORDING_SEGMENT_DURATION", 3600, {
      minimum: 2,
      maximum: 86_400,
    }),
    recordingFormat: oneOf(environment, "RECORDING_FORMAT", "mp4", ["mp4"]),
    recordingCodec: oneOf(environment, "RECORDING_CODEC", "copy", ["copy", "h264"]),
    recordingBitrate: matching(
      environment,
      "RECORDING_BITRATE",
      "2M",
      /^[1-9]\d{0,8}[kM]?$/,
      "a number of bits a second, optionally with k or M, such as 2M or 800k",
    ),
    ffmpegPath,
    ffprobePath: besideFfmpeg(ffmpegPath),
    camerasFile: camerasFile === "" ? null : camerasFile,
    connectTimeoutMillis: duration("RECORDING_CONNECT_TIMEOUT", 30),
    stallTimeoutMillis: duration("RECORDING_STALL_TIMEOUT", 10),
    retryInitialMillis: duration("RECORDING_RETRY_INITIAL", 1),
    retryMaximumMillis: duration("RECORDING_RETRY_MAX", 60),
    retryPermanentMillis: duration("RECORDING_RETRY_PERMANENT", 300),
    healthySpellMillis: duration("RECORDING_HEALTHY_SPELL", 60),
    audioRetryMillis: duration("RECORDING_AUDIO_RETRY", 3600),
    flushIntervalMillis: duration("RECORDING_FLUSH_INTERVAL", 10),
    adoptionLeaseMillis: duration("RECORDING_ADOPTION_LEASE", 600),
    syncIntervalMillis: duration("RECORDING_SYNC_INTERVAL", 5),
    repairIntervalMillis: duration("RECORDING_REPAIR_INTERVAL", 3600),
    diskWarningPercent,
    diskCriticalPercent,
    diskReserveBytes: bytes(environment, "RECORDING_DISK_RESERVE"),
    planDays: {
      basic: days(environment, "RECORDING_RETENTION_BASIC", "basic"),
      pro: days(environment, "RECORDING_RETENTION_PRO", "pro"),
      premium: days(environment, "RECORDING_RETENTION_PREMIUM", "premium"),
    },
    cleanupSchedule: schedule(environment, "RECORDING_CLEANUP_CRON", "0 3 * * *"),
    alertWebhook: webhook(environment),
    logLevel: oneOf(environment, "LOG_LEVEL", "info", logLevels),
  }
}
