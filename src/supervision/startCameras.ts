import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { CleanupScheduler } from "../cleanup/CleanupScheduler.ts"
import { DiskPressure } from "../cleanup/DiskPressure.ts"
import { StreamRecorder } from "../recorder/StreamRecorder.ts"
import { Repair } from "../repair/Repair.ts"
import { Cameras } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { Owners } from "../storage/Owners.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { findSetAside } from "../storage/setAside.ts"
import { CameraDirectories } from "./CameraDirectories.ts"
import { reconcileCameras } from "./reconcileCameras.ts"
import { Supervision } from "./Supervision.ts"

/**
 * Brings the service to work after a start: adopts the runs that the last life left recording, settles those that
 * ended, accounts for the time since; then every camera with recording enabled records, in its adopted run or anew.
 */
export const startCameras = Effect.fn("startCameras")(function* (camerasFile: string | null) {
  const recorder = yield* StreamRecorder
  const catalog = yield* Catalog
  const cameras = yield* Cameras
  const supervision = yield* Supervision
  const owners = yield* Owners
  const directories = yield* CameraDirectories

  const all = yield* cameras.list
  const wanted = new Map(
    all.filter(({ recordingEnabled }) => recordingEnabled).map((camera) => [camera.id, camera]),
  )
  const isSetAside = yield* findSetAside(yield* RecordingsDirectory, [
    ...all,
    ...(yield* cameras.listRemoved),
  ])
  const ended = yield* recorder.takeUpRuns(wanted, isSetAside)
  yield* catalog.recover(yield* Clock.currentTimeMillis)
  for (const cameraId of ended) {
    const detail = "settings changed while the service was down"
    yield* catalog.outageBegan(cameraId, "reconfigured", detail, yield* Clock.currentTimeMillis)
  }
  const ownerOf = new Map((yield* owners.list).map((owner) => [owner.id, owner]))
  for (const camera of all) {
    const owner = ownerOf.get(camera.ownerId)
    if (owner !== undefined) yield* directories.remember(camera, owner)
    if (camera.recordingEnabled) yield* catalog.cameraEnabled(camera.id, yield* Clock.currentTimeMillis)
    yield* supervision.add(camera)
  }
  if (camerasFile !== null) yield* reconcileCameras(camerasFile)
  yield* (yield* Repair).begin
  yield* (yield* CleanupScheduler).begin
  yield* (yield* DiskPressure).begin
})
