import type {
  CameraHealth,
  CameraWindow,
  HealthReport,
  ServiceHealth,
  TargetState,
} from "../domain/Health.ts"
import { instant, optionalInstant } from "./answers.ts"

const rounded = (value: number | null, digits: number): number | null =>
  value === null ? null : Number(value.toFixed(digits))

/** Figures, and by name those that are not measured. */
const measured = <Figures extends Readonly<Record<string, unknown>>>(figures: Figures) => ({
  ...figures,
  not_measured: Object.entries(figures).flatMap(([name, value]) => (value === null ? [name] : [])),
})

const windowAnswer = (window: CameraWindow | null) =>
  window === null
    ? null
    : {
        measured_at: instant(window.measuredAtMillis),
        recorded_seconds: rounded(window.recordedSeconds, 3),
        enabled_seconds: rounded(window.enabledSeconds, 3),
        frames: window.frames,
        missing_measured_share: rounded(window.missingMeasuredShare, 4),
        loss_measured_share: rounded(window.lossMeasuredShare, 4),
        ...measured({
          uptime_percent: rounded(window.uptime === null ? null : 100 * window.uptime, 6),
          missing_frames: window.missingFrames,
          lost_packets: window.lostPackets,
          damaged_frames_at_most: window.damagedFramesAtMost,
          frame_loss_percent: rounded(window.frameLossPercent, 4),
        }),
      }

/** The figures of a camera beside its state, as `/api/health` and `status` give them. */
export const cameraFigures = ({ failures, lastWindows, ...camera }: CameraHealth) => ({
  ...measured({
    fragment_age_seconds: rounded(camera.fragmentAgeSeconds, 3),
    bits_per_second: rounded(camera.bitsPerSecond, 0),
    frames_per_second: rounded(camera.framesPerSecond, 2),
    cpu_percent: rounded(camera.cpuPercent, 2),
    resident_bytes: camera.residentBytes,
    written_bytes_per_second: rounded(camera.writtenBytesPerSecond, 0),
    // What FFmpeg writes of the camera's clock cannot be told from its own: see ARCHITECTURE.md.
    clock_offset_seconds: null,
  }),
  failures: {
    total: failures.total,
    by_cause: failures.byCause,
    recovery_seconds: failures.recoverySeconds.map((seconds) => rounded(seconds, 3)),
  },
  windows: {
    "1h": windowAnswer(lastWindows.hour),
    "24h": windowAnswer(lastWindows.day),
    "30d": windowAnswer(lastWindows.month),
  },
})

/** A camera with its figures. */
export const cameraAnswer = (camera: CameraHealth) => ({
  camera_id: camera.cameraId,
  name: camera.name,
  recording_enabled: camera.isEnabled,
  state: camera.state,
  since: instant(camera.stateSinceMillis),
  cause: camera.cause,
  detail: camera.cause === null ? null : camera.detail,
  ...cameraFigures(camera),
})

const serviceAnswer = ({ disk, eventLoop, queues, database, cleanup, ...service }: ServiceHealth) => ({
  started_at: instant(service.startedAtMillis),
  disk: {
    state: disk.state,
    error: disk.error,
    obstacle: disk.obstacle,
    recording_stopped: disk.isRecordingStopped,
    ...measured({
      total_bytes: disk.totalBytes,
      used_bytes:
        disk.totalBytes === null || disk.freeBytes === null ? null : disk.totalBytes - disk.freeBytes,
      free_bytes: disk.freeBytes,
      used_percent: rounded(disk.usedPercent, 1),
      reserve_bytes: disk.reserveBytes,
      written_bytes_per_second: rounded(disk.writtenBytesPerSecond, 0),
      read_bytes_per_second: rounded(disk.readBytesPerSecond, 0),
      write_latency_seconds: rounded(disk.writeLatencySeconds, 3),
    }),
  },
  event_loop: measured({
    delay_seconds: rounded(eventLoop.delaySeconds, 3),
    greatest_delay_seconds: rounded(eventLoop.greatestDelaySeconds, 3),
  }),
  queues,
  database: {
    available: database.isAvailable,
    away_since: optionalInstant(database.awaySinceMillis),
    ...measured({ latency_seconds: rounded(database.latencySeconds, 4) }),
  },
  cleanup: { last_complete: optionalInstant(cleanup.lastCompleteMillis), failing: cleanup.isFailing },
  ...measured({ cpu_percent: rounded(service.cpuPercent, 2), resident_bytes: service.residentBytes }),
})

const targetAnswer = (target: TargetState, nameOf: (cameraId: number) => string | null) => ({
  name: target.name,
  limit: target.limit,
  bound: target.bound,
  unit: target.unit,
  measured: rounded(target.measured, target.unit === "percent" ? 4 : 0),
  measured_at: optionalInstant(target.measuredAtMillis),
  met: target.isMet,
  since: instant(target.sinceMillis),
  worst_cameras: target.worstCameras.map((worst) => ({
    camera_id: worst.cameraId,
    name: nameOf(worst.cameraId),
    measured: rounded(worst.measured, 4),
  })),
  unmeasured_cameras: target.unmeasuredCameras,
})

/** The whole report, with its targets first. */
export const healthAnswer = ({ measuredAtMillis, targets, service, cameras }: HealthReport) => {
  const names = new Map(cameras.map(({ cameraId, name }) => [cameraId, name]))
  const enabled = cameras.filter(({ isEnabled }) => isEnabled)
  return {
    measured_at: instant(measuredAtMillis),
    summary: {
      targets_met: targets.filter(({ isMet }) => isMet === true).length,
      targets_missed: targets.filter(({ isMet }) => isMet === false).length,
      targets_not_measured: targets.filter(({ isMet }) => isMet === null).length,
      cameras: cameras.length,
      cameras_enabled: enabled.length,
      cameras_recording: enabled.filter(({ state }) => state === "recording").length,
    },
    targets: targets.map((target) => targetAnswer(target, (cameraId) => names.get(cameraId) ?? null)),
    service: serviceAnswer(service),
    cameras: cameras.map(cameraAnswer),
  }
}
