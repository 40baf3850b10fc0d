import type { CameraHealth, HealthWindow } from "../domain/Health.ts"
import { type Metric, type Sample, truth } from "./Metric.ts"
import type { Observation } from "./Observation.ts"
import type { RecordedCount } from "./RecordedCounts.ts"

const idOf = ({ cameraId }: CameraHealth): string => String(cameraId)

const ofEach = (
  name: string,
  type: Metric["type"],
  help: string,
  labelNames: ReadonlyArray<string>,
  read: (camera: CameraHealth, observation: Observation) => ReadonlyArray<Sample>,
): Metric => ({
  name,
  type,
  help,
  labelNames: ["camera_id", ...labelNames],
  samples: (observation) =>
    observation.report.cameras.flatMap((camera) =>
      read(camera, observation).map(({ labels, value }) => ({
        labels: { camera_id: idOf(camera), ...labels },
        value,
      })),
    ),
})

const measured = (value: number | null | undefined, labels: Sample["labels"] = {}): ReadonlyArray<Sample> =>
  value === null || value === undefined ? [] : [{ labels, value }]

const gauge = (name: string, help: string, read: (camera: CameraHealth) => number | null): Metric =>
  ofEach(name, "gauge", help, [], (camera) => measured(read(camera)))

const recordedCounter = (name: string, help: string, read: (count: RecordedCount) => number | null): Metric =>
  ofEach(name, "counter", help, [], (camera, { recorded }) => {
    const count = recorded.get(camera.cameraId)
    return measured(count === undefined ? null : read(count))
  })

const windowNames = [
  ["hour", "1h"],
  ["day", "24h"],
  ["month", "30d"],
] as const satisfies ReadonlyArray<readonly [HealthWindow, string]>

const byWindow = (
  name: string,
  help: string,
  read: (window: NonNullable<CameraHealth["windows"]["hour"]>) => number | null,
): Metric =>
  ofEach(name, "gauge", help, ["window"], (camera) =>
    windowNames.flatMap(([key, window]) => {
      const found = camera.windows[key]
      return measured(found === null ? null : read(found), { window })
    }),
  )

const states: ReadonlyArray<string> = ["idle", "connecting", "recording", "backoff", "stopped"]
const attentions = ["permanent_cause", "restart_intensity", "audio_missing"] as const

const share = (percent: number | null): number | null => (percent === null ? null : percent / 100)

/** Everything that is told of each camera, by its id: a camera that is removed has no series any more. */
export const cameraMetrics: ReadonlyArray<Metric> = [
  ofEach(
    "vigia_camera_info",
    "gauge",
    "Always 1: the name of the camera, and the id of its owner",
    ["name", "owner_id"],
    (camera, { stock }) => {
      const owner = stock.get(camera.cameraId)
      return measured(1, { name: camera.name, owner_id: owner === undefined ? "" : String(owner.ownerId) })
    },
  ),
  gauge("vigia_camera_enabled", "Whether the camera is to be recorded", ({ isEnabled }) => truth(isEnabled)),
  gauge("vigia_camera_up", "Whether the camera is being recorded, by what arrives on disk", ({ state }) =>
    truth(state === "recording"),
  ),
  ofEach(
    "vigia_camera_state",
    "gauge",
    "1 for the state of the camera, 0 for the others",
    ["state"],
    (camera) =>
      [...new Set([...states, camera.state])].map((state) => ({
        labels: { state },
        value: truth(state === camera.state),
      })),
  ),
  gauge(
    "vigia_camera_state_since_timestamp_seconds",
    "When the camera came into its state",
    ({ stateSinceMillis }) => stateSinceMillis / 1000,
  ),
  ofEach(
    "vigia_camera_attention",
    "gauge",
    "1 for what stands of permanent_cause, restart_intensity and audio_missing",
    ["kind"],
    (camera) =>
      attentions.map((kind) => ({
        labels: { kind },
        value: truth(camera.alerts.some((alert) => alert.kind === kind)),
      })),
  ),
  gauge(
    "vigia_camera_fragment_age_seconds",
    "Age of the newest fragment on disk",
    ({ fragmentAgeSeconds }) => fragmentAgeSeconds,
  ),
  gauge(
    "vigia_camera_stream_bytes_per_second",
    "Bit rate of the last seconds, in bytes; only while recording",
    ({ bitsPerSecond }) => (bitsPerSecond === null ? null : bitsPerSecond / 8),
  ),
  gauge(
    "vigia_camera_frames_per_second",
    "Frame rate of the last seconds; only while recording",
    ({ framesPerSecond }) => framesPerSecond,
  ),
  recordedCounter(
    "vigia_camera_recorded_bytes_total",
    "Bytes of whole fragments on disk",
    ({ bytes }) => bytes,
  ),
  recordedCounter("vigia_camera_frames_total", "Frames on disk", ({ frames }) => frames),
  recordedCounter(
    "vigia_camera_missing_frames_total",
    "Frames that gaps in presentation times tell of; not told while the frame rate is too irregular",
    ({ missingFrames }) => missingFrames,
  ),
  recordedCounter(
    "vigia_camera_lost_packets_total",
    "RTP packets that never arrived; only over UDP",
    ({ lostPackets }) => lostPackets,
  ),
  recordedCounter(
    "vigia_camera_possibly_damaged_frames_total",
    "Frames that lost packets may have damaged, an upper bound; only over UDP",
    ({ damagedFramesAtMost }) => damagedFramesAtMost,
  ),
  byWindow(
    "vigia_camera_uptime_ratio",
    "Recorded time by enabled time in the window",
    ({ uptime }) => uptime,
  ),
  byWindow(
    "vigia_camera_frame_loss_ratio",
    "Missing by expected frames in the window",
    ({ frameLossPercent }) => share(frameLossPercent),
  ),
  ofEach(
    "vigia_camera_failures_total",
    "counter",
    "Failures of the camera by cause; a cause is there from its first failure on",
    ["cause"],
    ({ failures }) =>
      Object.entries(failures.byCause).map(([cause, value]) => ({ labels: { cause }, value })),
  ),
  gauge(
    "vigia_camera_last_recovery_seconds",
    "How long the last outage took, as its gap in the coverage",
    ({ failures }) => failures.recoverySeconds.at(-1) ?? null,
  ),
  gauge("vigia_camera_ffmpeg_cpu_ratio", "CPU of its FFmpeg: 1 is one core", ({ cpuPercent }) =>
    share(cpuPercent),
  ),
  gauge(
    "vigia_camera_ffmpeg_resident_memory_bytes",
    "Resident memory of its FFmpeg",
    ({ residentBytes }) => residentBytes,
  ),
  gauge(
    "vigia_camera_written_bytes_per_second",
    "What its FFmpeg gives to the disk, by the kernel",
    ({ writtenBytesPerSecond }) => writtenBytesPerSecond,
  ),
  ofEach(
    "vigia_camera_stored_bytes",
    "gauge",
    "Bytes of its recordings that are kept",
    [],
    (camera, { stock }) => measured(stock.get(camera.cameraId)?.bytes),
  ),
  ofEach("vigia_camera_stored_recordings", "gauge", "Its recordings that are kept", [], (camera, { stock }) =>
    measured(stock.get(camera.cameraId)?.recordings),
  ),
]
