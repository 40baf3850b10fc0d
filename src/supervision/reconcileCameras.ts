import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Cleanup } from "../cleanup/Cleanup.ts"
import { Cameras, type StoredCamera } from "../storage/Cameras.ts"
import { Owners } from "../storage/Owners.ts"
import { CameraRegistry } from "./CameraRegistry.ts"
import { type CamerasFile, InvalidCamerasFile, parseCamerasFile } from "./camerasFile.ts"

type CameraEntry = CamerasFile["owners"][number]["cameras"][number]

const settingsOf = (entry: CameraEntry, camera: StoredCamera | undefined) => ({
  url: Redacted.make(entry.url),
  transport: entry.transport ?? "tcp",
  recordingEnabled: entry.recording_enabled ?? true,
  retentionDays: entry.retention_days === undefined ? (camera?.retentionDays ?? null) : entry.retention_days,
  quotaBytes: entry.quota_bytes === undefined ? (camera?.quotaBytes ?? null) : entry.quota_bytes,
})

const differs = (camera: StoredCamera, wanted: ReturnType<typeof settingsOf>): boolean =>
  Redacted.value(camera.url) !== Redacted.value(wanted.url) ||
  camera.transport !== wanted.transport ||
  camera.recordingEnabled !== wanted.recordingEnabled ||
  camera.retentionDays !== wanted.retentionDays ||
  camera.quotaBytes !== wanted.quotaBytes

/**
 * Makes owners and cameras agree with the cameras file: creates what is missing, changes what differs.
 *
 * What the file does not name stays as it is: a line lost by mistake must not end a recording. The file is
 * checked whole first; one with a fault changes nothing.
 */
export const reconcileCameras = Effect.fn("reconcileCameras")(function* (path: string) {
  const text = yield* Effect.try({
    try: () => readFileSync(path, "utf8"),
    catch: (error) =>
      new InvalidCamerasFile({
        message: `CAMERAS_FILE ${path} cannot be read: ${error instanceof Error && "code" in error ? String(error.code) : "error"}`,
      }),
  })
  const { planDays } = yield* Cleanup
  const file = yield* Effect.fromResult(parseCamerasFile(text, planDays)).pipe(
    Effect.mapError(({ message }) => new InvalidCamerasFile({ message: `CAMERAS_FILE ${path}, ${message}` })),
  )
  const owners = yield* Owners
  const cameras = yield* Cameras
  const registry = yield* CameraRegistry

  for (const entry of file.owners) {
    const { name, plan, quota_bytes: quotaBytes } = entry
    const existing = (yield* owners.list).find((one) => one.name === name)
    const owner = existing ?? (yield* owners.create({ name, plan, quotaBytes: quotaBytes ?? null }))
    if (owner.plan !== plan || (quotaBytes !== undefined && owner.quotaBytes !== quotaBytes)) {
      yield* registry.changeOwner(owner.id, { plan, quotaBytes })
    }
    const owned = (yield* cameras.list).filter(({ ownerId }) => ownerId === owner.id)
    for (const wanted of entry.cameras) {
      const camera = owned.find((one) => one.name === wanted.name)
      const settings = settingsOf(wanted, camera)
      if (camera === undefined) {
        yield* registry.create({ ownerId: owner.id, name: wanted.name, ...settings })
      } else if (differs(camera, settings)) {
        yield* registry.update(camera.id, settings)
      }
    }
  }
})
