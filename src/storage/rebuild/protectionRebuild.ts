import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { orUnavailable } from "../DatabaseUnavailable.ts"
import { errorCode } from "../../domain/errorCode.ts"
import { type ProtectedCamera, readProtectedFiles, writeProtectedFiles } from "../protectedFiles.ts"
import { RecordingsDirectory } from "../RecordingsDirectory.ts"
import { transaction } from "../transaction.ts"

interface RowsOfCamera extends ProtectedCamera {
  /** Of rows that are protected. */
  readonly filePaths: ReadonlyArray<string>
}

const onDisk = <A>(act: () => Promise<A>) => Effect.tryPromise({ try: act, catch: errorCode })

const report = (camera: ProtectedCamera, reason: string): Effect.Effect<void> =>
  Effect.logError(`the .protected file of camera ${camera.id}: ${reason}`).pipe(
    Effect.annotateLogs("camera_id", camera.id),
  )

/** What the disk says is protected of a camera, and the rows; where these say more, it is written down. */
const agree = Effect.fnUntraced(function* ({ filePaths, ...camera }: RowsOfCamera) {
  const directory = yield* RecordingsDirectory
  const read = yield* directory.assertOwn(camera).pipe(
    Effect.mapError(({ message }) => message),
    Effect.andThen(onDisk(() => readProtectedFiles(directory.path, camera))),
    Effect.catch((reason) => Effect.as(report(camera, reason), null)),
  )
  if (read === null) return filePaths
  if (read.kind === "foreign") {
    yield* report(camera, "it is another camera's, and left alone")
    return filePaths
  }
  if (read.kind === "damaged") yield* report(camera, "it is damaged, and made anew from the rows")
  const known = read.kind === "read" ? read.filePaths : []
  const all = [...new Set([...known, ...filePaths])]
  if (read.kind === "damaged" || all.length > known.length) {
    yield* onDisk(() => writeProtectedFiles(directory.path, camera, all)).pipe(
      // Without its directory a camera has no recordings that anything could delete.
      Effect.catch((code) => (code === "ENOENT" ? Effect.void : report(camera, code))),
    )
  }
  return all
})

const rebuild = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const cameras = yield* sql<RowsOfCamera>`
    SELECT id, identity, ARRAY(SELECT file_path FROM recordings
      WHERE camera_id = cameras.id AND is_protected) AS file_paths
    FROM cameras ORDER BY id`.pipe(orUnavailable)
  const filePaths = (yield* Effect.forEach(cameras, agree, { concurrency: 8 })).flat()
  const restored = yield* Effect.gen(function* () {
    yield* sql`DELETE FROM protected_files`
    if (filePaths.length === 0) return 0
    yield* sql`INSERT INTO protected_files
      SELECT DISTINCT jsonb_array_elements_text(${JSON.stringify(filePaths)}::jsonb)`
    const rows = yield* sql`
      UPDATE recordings SET is_protected = true FROM protected_files
      WHERE recordings.file_path = protected_files.file_path AND NOT is_protected
      RETURNING recordings.id`
    return rows.length
  }).pipe(transaction(sql), orUnavailable)
  if (restored > 0) yield* Effect.logWarning(`${restored} recordings are protected again, as the disk says`)
}).pipe(Effect.withSpan("ProtectionRebuild.rebuild"))

/**
 * Protects again what the `.protected` files name and the database does not, once, before anything is deleted.
 *
 * A recording whose row comes later, because a repair adopts its file, is protected from the beginning. Rows that are
 * protected and not written down, as by earlier versions, are. Doing it twice changes nothing.
 */
export const protectionRebuild = Layer.effectDiscard(rebuild)
