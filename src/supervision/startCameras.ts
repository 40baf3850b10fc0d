import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { StreamRecorder } from "../recorder/StreamRecorder.ts"
import { Cameras } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { Owners } from "../storage/Owners.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { CameraDirectories } from "./CameraDirectories.ts"
import { reconcileCameras } from "./reconcileCameras.ts"
import { Supervision } from "./Supervision.ts"

/**
 * Brings the service to work after a start: repairs what the last life left, accounts for the time since, then
 * every camera with recording enabled records again.
 */
export const startCameras = Effect.fn("startCameras")(function* (camerasFile: string | null) {
  const recorder = yield* StreamRecorder
  const catalog = yield* Catalog
  const cameras = yield* Cameras
  const supervision = yield* Supervision
  const owners = yield* Owners
  const directories = yield* CameraDirectories

  // Directories on disk may know cameras that the database lost: their ids stay theirs.
  yield* cameras.reserveIds(yield* (yield* RecordingsDirectory).highestCameraId)
  yield* catalog.segmentsChanged(yield* recorder.repairLeftovers)
  yield* catalog.recover(yield* Clock.currentTimeMillis)
  const ownerOf = new Map((yield* owners.list).map((owner) => [owner.id, owner]))
  for (const camera of yield* cameras.list) {
    const owner = ownerOf.get(camera.ownerId)
    if (owner !== undefined) yield* directories.remember(camera, owner)
    if (camera.recordingEnabled) yield* catalog.cameraEnabled(camera.id, yield* Clock.currentTimeMillis)
    yield* supervision.add(camera)
  }
  if (camerasFile !== null) yield* reconcileCameras(camerasFile)
})
