import * as Effect from "effect/Effect"
import type { RecordingsDirectory } from "./RecordingsDirectory.ts"

/**
 * Tells by camera id which directories are set aside: those of another camera or installation, and of no camera at all.
 *
 * Nothing in them is ours to write or delete. `cameras` are all of the database, removed ones too. A directory that cannot be looked at is not set aside for that.
 */
export const findSetAside = Effect.fn("findSetAside")(function* (
  directory: RecordingsDirectory["Service"],
  cameras: ReadonlyArray<{ readonly id: number; readonly identity: string }>,
) {
  const own = yield* Effect.filter(cameras, (camera) =>
    directory.assertOwn(camera).pipe(
      Effect.as(true),
      Effect.catch((error) => Effect.succeed(error._tag !== "ForeignCameraDirectory")),
    ),
  )
  const ownIds = new Set(own.map(({ id }) => id))
  return (cameraId: number): boolean => !ownIds.has(cameraId)
})
