import type { AlertKind } from "../domain/Alert.ts"
import type { CameraHealth, HealthReport, ServiceHealth } from "../domain/Health.ts"

/**
 * What one report says of one alert.
 *
 * - `bad`: beyond the threshold that raises it; `good`: within the one that ends it
 * - `between`: neither: what is standing stands on, what is not is not raised
 * - `unknown`: not measured
 */
export type Level = "bad" | "good" | "between" | "unknown"

export interface Reading {
  readonly kind: AlertKind
  /** Null where it is about the service. */
  readonly cameraId: number | null
  readonly level: Level
  /** For people; free of secrets. */
  readonly detail: string
  /** When what it is about began; null: as of the first bad reading. */
  readonly sinceMillis: number | null
  /** How much of the time before the first bad reading counts as bad, too. */
  readonly creditMillis: number
}

/** Percent of the disk from which its alerts are raised: the settings of the service. */
export interface DiskMarks {
  readonly warningPercent: number
  readonly criticalPercent: number
}

const diskHysteresisPercent = 2
/** A camera that is seen out of recording for the first time is told from its last fragment on, at most this long. */
const largestCreditMillis = 10_000
/** Of a shorter recording one lost frame is too large a part. */
const shortestJudgedSeconds = 60

/** Hysteresis: beyond `raise` is bad, below `end` is good. */
export const levelOf = (value: number | null, raise: number, end: number): Level => {
  if (value === null) return "unknown"
  if (value > raise) return "bad"
  return value < end ? "good" : "between"
}

const isBad = (bad: boolean): Level => (bad ? "bad" : "good")

const reading = (
  kind: AlertKind,
  level: Level,
  detail: string,
  rest: Partial<Omit<Reading, "kind" | "level" | "detail">> = {},
): Reading => ({ cameraId: null, sinceMillis: null, creditMillis: 0, kind, level, detail, ...rest })

const recordingStopped = (camera: CameraHealth, nowMillis: number): Reading => {
  const ageMillis = camera.fragmentAgeSeconds === null ? null : camera.fragmentAgeSeconds * 1000
  const why = [camera.cause, camera.detail].filter((part) => part !== null && part !== "").join(": ")
  return reading(
    "recording_stopped",
    isBad(camera.isEnabled && camera.state !== "recording"),
    `${camera.name} is not recorded${why === "" ? "" : ` (${why})`}`,
    {
      cameraId: camera.cameraId,
      sinceMillis: ageMillis === null ? null : nowMillis - ageMillis,
      creditMillis: Math.min(ageMillis ?? 0, largestCreditMillis),
    },
  )
}

/** Where nothing is recorded no frame is lost. */
const frameLoss = (camera: CameraHealth): Reading => {
  const hour = camera.windows.hour
  const percent = hour === null || hour.recordedSeconds < shortestJudgedSeconds ? null : hour.frameLossPercent
  const isOver = !camera.isEnabled || hour?.recordedSeconds === 0
  return reading(
    "frame_loss",
    isOver ? "good" : levelOf(percent, 1, 0.8),
    `${camera.name} lost ${percent?.toFixed(1)} % of its frames within the last hour`,
    { cameraId: camera.cameraId },
  )
}

const machineAlerts = [
  ["camera_attention", "permanent_cause", "needs a person"],
  ["restart_intensity", "restart_intensity", "fails again and again"],
  ["audio_missing", "audio_missing", "is recorded without its audio"],
] as const

/**
 * What the machine of a camera says. It knows nothing after a restart of the service, so an alert that it does not
 * name is over only when the camera is recorded, or is not to be recorded at all.
 */
const ofMachine = (camera: CameraHealth): ReadonlyArray<Reading> =>
  machineAlerts.map(([kind, machineKind, text]) => {
    const alert = camera.alerts.find((standing) => standing.kind === machineKind)
    const isOver = !camera.isEnabled || camera.state === "recording"
    const level = alert !== undefined && camera.isEnabled ? "bad" : isOver ? "good" : "between"
    const why = alert === undefined || alert.detail === "" ? "" : ` (${alert.detail})`
    return reading(kind, level, `${camera.name} ${text}${why}`, {
      cameraId: camera.cameraId,
      sinceMillis: alert?.sinceMillis ?? null,
    })
  })

const diskReadings = (
  { disk }: ServiceHealth,
  { warningPercent, criticalPercent }: DiskMarks,
): ReadonlyArray<Reading> => {
  const used = disk.usedPercent
  const endOf = (mark: number) => Math.max(mark - diskHysteresisPercent, mark / 2)
  const text = `the disk is ${used?.toFixed(1)} % full`
  return [
    reading("disk_warning", levelOf(used, warningPercent, endOf(warningPercent)), text),
    disk.isRecordingStopped
      ? reading("disk_critical", "bad", `${text}: the reserve is reached and nothing is recorded`)
      : reading("disk_critical", levelOf(used, criticalPercent, endOf(criticalPercent)), text),
    reading("disk_probe", isBad(disk.error !== null), `the disk does not say how full it is: ${disk.error}`),
    reading(
      "write_latency",
      levelOf(disk.writeLatencySeconds, 1, 0.5),
      `what is written takes ${disk.writeLatencySeconds?.toFixed(1)} s to reach the disk`,
    ),
  ]
}

/** Everything that the rules ask, as of one report. */
export const readingsOf = (report: HealthReport, marks: DiskMarks): ReadonlyArray<Reading> => [
  ...diskReadings(report.service, marks),
  reading("database_away", isBad(!report.service.database.isAvailable), "the database does not answer", {
    sinceMillis: report.service.database.awaySinceMillis,
  }),
  reading("cleanup_failing", isBad(report.service.cleanup.isFailing), "expired recordings are not deleted"),
  ...report.cameras.flatMap((camera) => [
    recordingStopped(camera, report.measuredAtMillis),
    frameLoss(camera),
    ...ofMachine(camera),
  ]),
]
