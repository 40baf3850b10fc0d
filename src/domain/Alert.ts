import * as Schema from "effect/Schema"

/**
 * What an alert is about.
 *
 * - `recording_stopped`: an enabled camera has not been recorded for a while
 * - `camera_attention`: only a person can help: wrong password, unknown path, unsupported codec
 * - `restart_intensity`: a camera fails again and again, and is retried slowly
 * - `audio_missing`: recorded without the audio that the camera advertises
 * - `uptime_low`: a camera is out for much of an hour, however short each time
 * - `frame_loss`: more frames are missing than allowed
 * - `packet_loss`: lost packets (UDP) may have damaged more frames than allowed
 * - `disk_warning`, `disk_critical`: how full the disk is; `disk_probe`: it does not say
 * - `eviction_failing`: the disk is too full, and evictions do not help
 * - `write_latency`: what is written takes long to reach the medium
 * - `database_away`, `cleanup_failing`
 * - `eviction`: recordings were deleted before their time; `clip_deleted`: somebody deleted a clip
 */
export const AlertKind = Schema.Literals([
  "recording_stopped",
  "camera_attention",
  "restart_intensity",
  "audio_missing",
  "uptime_low",
  "frame_loss",
  "packet_loss",
  "disk_warning",
  "disk_critical",
  "eviction_failing",
  "disk_probe",
  "write_latency",
  "database_away",
  "cleanup_failing",
  "eviction",
  "clip_deleted",
])
export type AlertKind = typeof AlertKind.Type

export const Severity = Schema.Literals(["warning", "critical"])
export type Severity = typeof Severity.Type

/** Kinds that tell of an instant: raised and ended at once, and told of nevertheless. */
export const momentaryKinds: ReadonlySet<AlertKind> = new Set<AlertKind>(["clip_deleted"])

/** An alert with its beginning and, once it is over, its end; it is raised once between the two. */
export const Alert = Schema.Struct({
  /** A UUID; of `clip_deleted` that of the clip. */
  id: Schema.String,
  kind: AlertKind,
  severity: Severity,
  /** Null where it is about the service. */
  cameraId: Schema.NullOr(Schema.Int),
  /** One line for people, free of secrets. */
  detail: Schema.String,
  /** When what it is about began, which is before it was raised. */
  sinceMillis: Schema.Finite,
  raisedAtMillis: Schema.Finite,
  endedAtMillis: Schema.NullOr(Schema.Finite),
  acknowledgedAtMillis: Schema.NullOr(Schema.Finite),
  acknowledgedBy: Schema.NullOr(Schema.String),
  /** What was said with the acknowledgement. */
  note: Schema.NullOr(Schema.String),
})
export type Alert = typeof Alert.Type

/** What is sent in one request: alerts of one kind that were raised or ended at about the same time. */
export const Notification = Schema.Struct({
  /** A UUID: the same in every attempt, so that a receiver can tell a repetition. */
  id: Schema.String,
  kind: AlertKind,
  createdAtMillis: Schema.Finite,
  /** In each the state as of `createdAtMillis`. */
  alerts: Schema.Array(Alert),
  /** Whether, as of then, any alert of the kind stands of which somebody was told; left out by older versions. */
  isStanding: Schema.optionalKey(Schema.Boolean),
})
export type Notification = typeof Notification.Type
