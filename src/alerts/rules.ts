import type { AlertKind, Severity } from "../domain/Alert.ts"

/** When an alert of a kind is raised and ended; what it is read from is in `cameraReadings.ts` and `serviceReadings.ts`. */
export interface AlertRule {
  readonly severity: Severity
  /** What it is about has to last this long before it is raised. */
  readonly forMillis: number
  /** It has to be over for this long before it is ended. */
  readonly endForMillis: number
}

const rule = (severity: Severity, forMillis: number, endForMillis: number): AlertRule => ({
  severity,
  forMillis,
  endForMillis,
})

/** Of `eviction` and `clip_deleted` events tell, not measurements: they are raised by the first. */
export const alertRules: Readonly<Record<AlertKind, AlertRule>> = {
  recording_stopped: rule("critical", 30_000, 10_000),
  camera_attention: rule("warning", 15_000, 30_000),
  restart_intensity: rule("warning", 0, 30_000),
  audio_missing: rule("warning", 15_000, 60_000),
  uptime_low: rule("warning", 60_000, 60_000),
  frame_loss: rule("warning", 60_000, 60_000),
  packet_loss: rule("warning", 60_000, 60_000),
  disk_warning: rule("warning", 30_000, 30_000),
  disk_critical: rule("critical", 10_000, 30_000),
  eviction_failing: rule("critical", 30_000, 30_000),
  disk_probe: rule("critical", 15_000, 15_000),
  // Longer than the minute for which one slow sync is in its figure.
  write_latency: rule("warning", 90_000, 30_000),
  database_away: rule("warning", 10_000, 10_000),
  cleanup_failing: rule("warning", 10_000, 0),
  eviction: rule("warning", 0, 900_000),
  clip_deleted: rule("warning", 0, 0),
}

/** Where there may be nothing to measure for ever: these end when nothing was measured for as long as this. */
export const endUnmeasured: ReadonlySet<AlertKind> = new Set<AlertKind>([
  "uptime_low",
  "frame_loss",
  "packet_loss",
  "write_latency",
])
export const longestUnmeasuredMillis = 3_600_000
