import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type { Camera } from "../domain/Camera.ts"
import type { Owner } from "../domain/Owner.ts"
import type { Failure } from "../recorder/failure.ts"
import type { RemovedCamera, StoredCamera } from "../storage/Cameras.ts"
import type { StoredOwner } from "../storage/Owners.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"

interface Known {
  readonly camera: StoredCamera
  readonly owner: Owner
  /** One write at a time, so that the last one to begin is the one that stays. */
  readonly writing: Semaphore.Semaphore
}

/**
 * Keeps each camera's directory and its `.camera` file up to date, and looks before each run whether it may be
 * written: with the marker there, and with the directory being this camera's.
 *
 * What it needs to know of owners it keeps in memory: a run starts without the database too.
 */
export class CameraDirectories extends Context.Service<
  CameraDirectories,
  {
    /** Takes over what is to be written down of a camera; a fault of the disk is logged, not raised. */
    readonly remember: (camera: StoredCamera, owner: Owner) => Effect.Effect<void>
    /** Notes that a camera was removed, or that the owner of a removed one has changed or was deleted. */
    readonly removed: (camera: RemovedCamera, owner: StoredOwner) => Effect.Effect<void>
    /** From memory, of a camera that is not removed. */
    readonly owner: (cameraId: number) => Owner | undefined
    /** Null when a run may begin, else why not. */
    readonly prepare: (camera: Camera) => Effect.Effect<Failure | null>
  }
>()("vigia/supervision/CameraDirectories") {
  static readonly layer = Layer.effect(
    CameraDirectories,
    Effect.gen(function* () {
      const directory = yield* RecordingsDirectory
      const known = new Map<number, Known>()

      const writeLatest = Effect.fnUntraced(function* (cameraId: number): Effect.fn.Return<Failure | null> {
        const { camera, owner } = known.get(cameraId) ?? {}
        if (camera === undefined || owner === undefined) return null
        return yield* directory.prepareCamera(camera, owner).pipe(
          Effect.as(null),
          Effect.catch((error) =>
            Effect.succeed<Failure>({
              cause:
                error._tag === "DirectoryUnusable" && error.code === "ENOSPC" ? "disk_full" : "disk_failed",
              // Only a person can move it away.
              permanent: error._tag === "ForeignCameraDirectory",
              detail: error.message,
              remedy: "none",
            }),
          ),
        )
      })

      const write = (cameraId: number): Effect.Effect<Failure | null> =>
        known.get(cameraId)?.writing.withPermit(writeLatest(cameraId)) ?? Effect.succeed(null)

      return CameraDirectories.of({
        remember: Effect.fn("CameraDirectories.remember")(function* (camera: StoredCamera, owner: Owner) {
          const writing = known.get(camera.id)?.writing ?? Semaphore.makeUnsafe(1)
          known.set(camera.id, { camera, owner, writing })
          const failure = yield* write(camera.id)
          if (failure === null) return
          yield* Effect.logError(failure.detail).pipe(Effect.annotateLogs("camera_id", camera.id))
        }),
        removed: Effect.fn("CameraDirectories.removed")(function* (
          camera: RemovedCamera,
          owner: StoredOwner,
        ) {
          const writing = known.get(camera.id)?.writing ?? Semaphore.makeUnsafe(1)
          known.delete(camera.id)
          yield* writing.withPermit(directory.noteRemoved(camera, owner)).pipe(
            Effect.catch((error) => Effect.logError(error.message)),
            Effect.annotateLogs("camera_id", camera.id),
          )
        }),
        owner: (cameraId) => known.get(cameraId)?.owner,
        prepare: (camera) =>
          Effect.suspend(() => {
            const one = known.get(camera.id)
            // What a probe found since is known to the caller alone.
            if (one !== undefined) {
              known.set(camera.id, { ...one, camera: { ...one.camera, profile: camera.profile } })
            }
            return write(camera.id)
          }),
      })
    }),
  )
}
