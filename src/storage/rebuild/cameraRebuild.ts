import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { Cameras } from "../Cameras.ts"
import { orUnavailable } from "../DatabaseUnavailable.ts"
import { EnabledPeriods } from "../EnabledPeriods.ts"
import { errorCode } from "../../domain/errorCode.ts"
import { isLostUrl, lostUrl } from "../lostUrl.ts"
import { Owners } from "../Owners.ts"
import { RecordingsDirectory } from "../RecordingsDirectory.ts"
import { SecretBox } from "../SecretBox.ts"
import { findCameras, type FoundCamera, type OtherDirectory } from "./findCameras.ts"
import { ownersOf } from "./lostOwners.ts"
import { newestFileMillis } from "./newestFile.ts"
import { type LostCamera, restoreRows } from "./restoreRows.ts"

const knownCameras = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql<{ id: number; identity: string }>`SELECT id, identity FROM cameras`,
).pipe(orUnavailable)

const reportOther = ({ id, directory, reason }: OtherDirectory): Effect.Effect<void> =>
  Effect.logWarning(`${directory} belongs to no camera of the database and is left alone: ${reason}`).pipe(
    Effect.annotateLogs("camera_id", id),
  )

const newestOf = (found: FoundCamera, nowMillis: number): Effect.Effect<number | null> =>
  Effect.tryPromise({ try: () => newestFileMillis(found.directory), catch: errorCode }).pipe(
    // Files that were copied, or written under another clock, may claim a time to come.
    Effect.map((millis) => (millis === null ? null : Math.min(millis, nowMillis))),
    Effect.catch((code) =>
      Effect.logError(`the recordings in ${found.directory} cannot be looked at: ${code}`).pipe(
        Effect.annotateLogs("camera_id", found.id),
        Effect.as(null),
      ),
    ),
  )

const lostCamera = Effect.fnUntraced(function* (found: FoundCamera, nowMillis: number) {
  const { file } = found
  const box = yield* SecretBox
  const url = yield* Effect.orElseSucceed(box.open(file.sealed_url), () => lostUrl)
  const recordedUntilMillis = yield* newestOf(found, nowMillis)
  const recordingEnabled =
    (file.recording_enabled ?? true) && (file.deleted_at ?? null) === null && !isLostUrl(url)
  return { found, url, recordingEnabled, recordedUntilMillis } satisfies LostCamera
})

const report = ({ found, url }: LostCamera): Effect.Effect<void> => {
  const { name, owner, deleted_at: deletedAt } = found.file
  const removed = typeof deletedAt === "string" ? ", as removed" : ""
  return Effect.logWarning(
    `camera "${name}" of "${owner.name}" is rebuilt from its .camera file${removed}`,
  ).pipe(
    Effect.andThen(
      isLostUrl(url) && removed === ""
        ? Effect.logError(
            `camera "${name}" is not recorded: its address was sealed with another secret.key. Give it its url again ` +
              `(PATCH /api/cameras/${found.id}) and start it; or, before anything else is changed, put that ` +
              `secret.key back, empty the database and start Vigia again`,
          )
        : Effect.void,
    ),
    Effect.annotateLogs("camera_id", found.id),
  )
}

/** Stores again what `.camera` files know and the database does not; rows that exist are not touched. */
const rebuild = Effect.gen(function* () {
  const directory = yield* RecordingsDirectory
  const cameras = yield* Cameras
  const { found, others } = yield* findCameras(directory, yield* knownCameras)
  yield* Effect.forEach(others, reportOther, { discard: true })
  if (found.length > 0) {
    const nowMillis = yield* Clock.currentTimeMillis
    yield* Effect.logWarning(`the database does not know ${found.length} cameras that have recordings here`)
    const lost = yield* Effect.forEach(ownersOf(found, yield* (yield* Owners).listAll), (one) =>
      Effect.map(
        Effect.forEach(one.cameras, (camera) => lostCamera(camera, nowMillis), { concurrency: 8 }),
        (lostCameras) => ({ owner: one.owner, cameras: lostCameras }),
      ),
    )
    yield* restoreRows(lost)
    yield* Effect.forEach(
      lost.flatMap((one) => one.cameras),
      report,
      { discard: true },
    )
    const owners = lost.filter(({ owner }) => owner.kind === "lost").length
    yield* Effect.logWarning(
      `rebuilt ${found.length} cameras and ${owners} owners that the database had lost`,
    )
  }
  yield* cameras.reserveIds(yield* directory.highestCameraId)
}).pipe(Effect.withSpan("CameraRebuild.rebuild"))

/** A removal is noted in the database first; a crash before it was noted in the directory is made up for here. */
const noteRemovals = Effect.gen(function* () {
  const directory = yield* RecordingsDirectory
  const owners = new Map((yield* (yield* Owners).listAll).map((owner) => [owner.id, owner]))
  for (const camera of yield* (yield* Cameras).listRemoved) {
    const owner = owners.get(camera.ownerId)
    if (owner === undefined) continue
    yield* directory.noteRemoved(camera, owner).pipe(
      Effect.catch((error) => Effect.logError(error.message)),
      Effect.annotateLogs("camera_id", camera.id),
    )
  }
}).pipe(Effect.withSpan("CameraRebuild.noteRemovals"))

/**
 * Makes the database and the directories agree on cameras and owners, once, before anything else reads them.
 *
 * While the database exists it is the truth; what it lost, in whole or in part, is rebuilt from the `.camera` files
 * of this installation. Doing it twice changes nothing. Needs `Cameras`, so that a database of another
 * `secret.key` is refused before anything is written to it.
 */
export const cameraRebuild = Layer.effectDiscard(Effect.andThen(rebuild, noteRemovals)).pipe(
  Layer.provide(EnabledPeriods.layer),
)
