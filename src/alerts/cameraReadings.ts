import { cameraAlertKind } from "../domain/cameraAlertKind.ts"
import type { CameraHealth } from "../domain/Health.ts"
import { badIf, levelOf, type Reading, reading } from "./reading.ts"

/** A camera that is seen out of recording for the first time is told from its last fragment on, at most this long. */
const largestCreditMillis = 10_000
/** Of a shorter recording one lost frame is too large a part. */
const shortestJudgedSeconds = 60
/** Of a shorter time the first connection is too large a part. */
const shortestEnabledSeconds = 900

const recordingStopped = (
  camera: CameraHealth,
  nowMillis: number,
  enabledSinceMillis: number | null,
): Reading => {
  const { fragmentAgeSeconds } = camera
  const lastMillis = fragmentAgeSeconds === null ? null : nowMillis - fragmentAgeSeconds * 1000
  // What was not to be recorded is not missed.
  const sinceMillis = enabledSinceMillis === null ? lastMillis : Math.max(enabledSinceMillis, lastMillis ?? 0)
  const outMillis = sinceMillis === null ? 0 : Math.max(0, nowMillis - sinceMillis)
  const why = [camera.cause, camera.detail].filter((part) => part !== null && part !== "").join(": ")
  return reading(
    "recording_stopped",
    badIf(camera.isEnabled && camera.state !== "recording"),
    `${camera.name} is not recorded${why === "" ? "" : ` (${why})`}`,
    { cameraId: camera.cameraId, sinceMillis, creditMillis: Math.min(outMillis, largestCreditMillis) },
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

/** By frames: how many packets arrived is not counted, how many frames the lost ones may have damaged is. */
const packetLoss = (camera: CameraHealth): Reading => {
  const { hour } = camera.windows
  const share = hour?.lossMeasuredShare ?? 0
  const isEnough = hour !== null && hour.recordedSeconds * share >= shortestJudgedSeconds
  const percent =
    isEnough && hour.damagedFramesAtMost !== null && hour.frames > 0
      ? (100 * hour.damagedFramesAtMost) / (hour.frames * share)
      : null
  const isOver = !camera.isEnabled || hour?.recordedSeconds === 0
  return reading(
    "packet_loss",
    isOver ? "good" : levelOf(percent, 1, 0.8),
    `${hour?.lostPackets} packets of ${camera.name} were lost within the last hour, which damaged at most ${percent?.toFixed(1)} % of its frames`,
    { cameraId: camera.cameraId },
  )
}

const uptimeLow = (camera: CameraHealth): Reading => {
  const { hour } = camera.windows
  const percent =
    hour === null || hour.uptime === null || hour.enabledSeconds < shortestEnabledSeconds
      ? null
      : 100 * hour.uptime
  // Of what is missing, since more of that is worse.
  const missingPercent = percent === null ? null : 100 - percent
  return reading(
    "uptime_low",
    camera.isEnabled ? levelOf(missingPercent, 10, 5) : "good",
    `${camera.name} was recorded for ${percent?.toFixed(1)} % of the last hour in which it was to be`,
    { cameraId: camera.cameraId },
  )
}

const machineAlerts = [
  ["permanent_cause", "needs a person"],
  ["restart_intensity", "fails again and again"],
  ["audio_missing", "is recorded without its audio"],
] as const

/**
 * What the machine of a camera says. It knows nothing after a restart of the service, so an alert that it does not
 * name is over only when the camera is recorded, or is not to be recorded at all.
 */
const ofMachine = (camera: CameraHealth): ReadonlyArray<Reading> =>
  machineAlerts.map(([machineKind, text]) => {
    const alert = camera.alerts.find((standing) => standing.kind === machineKind)
    const isOver = !camera.isEnabled || camera.state === "recording"
    const level = alert !== undefined && camera.isEnabled ? "bad" : isOver ? "good" : "between"
    const why = alert === undefined || alert.detail === "" ? "" : ` (${alert.detail})`
    return reading(cameraAlertKind[machineKind], level, `${camera.name} ${text}${why}`, {
      cameraId: camera.cameraId,
      sinceMillis: alert?.sinceMillis ?? null,
    })
  })

/**
 * Everything that the rules ask of one camera.
 *
 * @param enabledSinceMillis null where it was to be recorded all the time
 */
export const cameraReadings = (
  camera: CameraHealth,
  nowMillis: number,
  enabledSinceMillis: number | null,
): ReadonlyArray<Reading> => [
  recordingStopped(camera, nowMillis, enabledSinceMillis),
  uptimeLow(camera),
  frameLoss(camera),
  packetLoss(camera),
  ...ofMachine(camera),
]
