import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Camera } from "../domain/Camera.ts"
import type { Owner } from "../domain/Owner.ts"
import type { Failure } from "../recorder/failure.ts"
import type { StoredCamera } from "../storage/Cameras.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"

interface Known {
  readonly camera: StoredCamera
  readonly owner: Owner
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
    /** Null when a run may begin, else why not. */
    readonly prepare: (camera: Camera) => Effect.Effect<Failure | null>
  }
>()("vigia/supervision/CameraDirectories") {
  static readonly layer = Layer.effect(
    CameraDirectories,
    Effect.gen(function* () {
      const directory = yield* RecordingsDirectory
      const known = new Map<number, Known>()

      const write = Effect.fnUntraced(function* (cameraId: number): Effect.fn.Return<Failure | null> {
        const { camera, owner } = known.get(cameraId) ?? {}
        if (camera === undefined || owner === undefined) return null
        return yield* directory.prepareCamera(camera, owner).pipe(
          Effect.as(null),
          Effect.catch((error) =>
            Effect.succeed<Failure>({
              cause:
                error._tag === "DirectoryUnusable" && error.code === "ENOSPC" ? "disk_full" : "disk_failed",
              permanent: false,
              detail: error.message,
              remedy: "none",
            }),
          ),
        )
      })

      return CameraDirectories.of({
        remember: Effect.fn("CameraDirectories.remember")(function* (camera: StoredCamera, owner: Owner) {
          known.set(camera.id, { camera, owner })
          const failure = yield* write(camera.id)
          if (failure === null) return
          yield* Effect.logError(failure.detail).pipe(Effect.annotateLogs("camera_id", camera.id))
        }),
        prepare: (camera) => write(camera.id),
      })
    }),
  )
}
