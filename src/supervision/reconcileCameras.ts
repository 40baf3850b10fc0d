import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Cameras } from "../storage/Cameras.ts"
import { Owners } from "../storage/Owners.ts"
import { CameraRegistry } from "./CameraRegistry.ts"
import { InvalidCamerasFile, parseCamerasFile } from "./camerasFile.ts"

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
  const file = yield* Effect.fromResult(parseCamerasFile(text)).pipe(
    Effect.mapError(({ message }) => new InvalidCamerasFile({ message: `CAMERAS_FILE ${path}, ${message}` })),
  )
  const owners = yield* Owners
  const cameras = yield* Cameras
  const registry = yield* CameraRegistry

  for (const entry of file.owners) {
    const existing = (yield* owners.list).find(({ name }) => name === entry.name)
    const owner = existing ?? (yield* owners.create({ name: entry.name, plan: entry.plan }))
    if (owner.plan !== entry.plan) yield* registry.changeOwner(owner.id, { plan: entry.plan })
    const owned = (yield* cameras.list).filter(({ ownerId }) => ownerId === owner.id)
    for (const wanted of entry.cameras) {
      const camera = owned.find(({ name }) => name === wanted.name)
      const settings = {
        url: Redacted.make(wanted.url),
        transport: wanted.transport ?? "tcp",
        recordingEnabled: wanted.recording_enabled ?? true,
      }
      if (camera === undefined) {
        yield* registry.create({ ownerId: owner.id, name: wanted.name, ...settings })
      } else if (
        Redacted.value(camera.url) !== wanted.url ||
        camera.transport !== settings.transport ||
        camera.recordingEnabled !== settings.recordingEnabled
      ) {
        yield* registry.update(camera.id, settings)
      }
    }
  }
})
