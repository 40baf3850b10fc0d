import type { CameraFailures, CameraHealth } from "../domain/Health.ts"
import type { StoredCamera } from "../storage/Cameras.ts"
import type { CameraState } from "../supervision/CameraStates.ts"
import { currentWindows } from "./currentWindows.ts"
import type { FragmentRate } from "./FragmentRates.ts"
import type { ProcessCost } from "./ProcessCosts.ts"

/** What was measured of one camera; null where it was not. */
export interface CameraMeasures {
  readonly state: CameraState
  readonly lastArrivalMillis: number | null
  readonly rate: FragmentRate | null
  readonly cost: ProcessCost | null
  readonly failures: CameraFailures
  readonly lastWindows: CameraHealth["lastWindows"]
}

/** The figures of a camera, as of now: by the monotonic clock, and by that of the windows. */
export const cameraHealth = (
  camera: StoredCamera,
  measures: CameraMeasures,
  nowMonotonicMillis: number,
  nowMillis: number,
): CameraHealth => {
  const { state, lastArrivalMillis, cost, failures, lastWindows } = measures
  const rate = state.state === "recording" ? measures.rate : null
  return {
    cameraId: camera.id,
    name: camera.name,
    isEnabled: camera.recordingEnabled,
    state: state.state,
    stateSinceMillis: state.sinceMillis,
    cause: state.cause,
    detail: state.cause === null ? "" : state.detail,
    alerts: state.alerts.map(({ kind, detail, sinceMillis }) => ({ kind, detail, sinceMillis })),
    fragmentAgeSeconds:
      lastArrivalMillis === null ? null : Math.max(0, nowMonotonicMillis - lastArrivalMillis) / 1000,
    bitsPerSecond: rate?.bitsPerSecond ?? null,
    framesPerSecond: rate?.framesPerSecond ?? null,
    cpuPercent: cost?.cpuPercent ?? null,
    residentBytes: cost?.residentBytes ?? null,
    writtenBytesPerSecond: cost?.writtenBytesPerSecond ?? null,
    failures,
    windows: currentWindows(lastWindows, nowMillis),
    lastWindows,
  }
}
