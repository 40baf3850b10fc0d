import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { errorCode } from "../domain/errorCode.ts"
import { readProtectedFiles, writeProtectedFiles } from "./protectedFiles.ts"
import { RecordingsDirectory } from "./RecordingsDirectory.ts"
import { transaction } from "./transaction.ts"

/** There is no such recording, or it is being deleted. */
export class RecordingNotFound extends Schema.TaggedError<RecordingNotFound>()("RecordingNotFound", {
  recordingId: Schema.Finite,
}) {}

/** The protection of a recording could not be written down, and is as it was; `reason` is that of the disk. */
export class ProtectionNotWritten extends Schema.TaggedError<ProtectionNotWritten>()("ProtectionNotWritten", {
  recordingId: Schema.Finite,
  reason: Schema.String,
}) {}

interface StoredFile {
  readonly filePath: string
  readonly cameraId: number
  readonly identity: string
}

/**
 * Recordings that stay where they are: neither retention nor a quota nor disk pressure deletes them.
 *
 * The `.protected` file of the camera's directory keeps that true without the database. It names a recording before
 * the row does, and as long as the row does: after a crash in between, the next start believes the file.
 */
export class RecordingProtection extends Context.Service<
  RecordingProtection,
  {
    set(
      id: number,
      isProtected: boolean,
    ): Effect.Effect<void, RecordingNotFound | ProtectionNotWritten | DatabaseUnavailable>
  }
>()("vigia/storage/RecordingProtection") {
  static readonly layer: Layer.Layer<RecordingProtection, never, SqlClient.SqlClient | RecordingsDirectory> =
    Layer.effect(
      RecordingProtection,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const directory = yield* RecordingsDirectory
        const oneAtATime = yield* Semaphore.make(1)

        const fileOf = Effect.fnUntraced(function* (id: number) {
          const [file] = yield* sql<StoredFile>`
            SELECT file_path, camera_id, identity FROM recordings JOIN cameras ON cameras.id = camera_id
            WHERE recordings.id = ${BigInt(id)}`
          return yield* file === undefined
            ? Effect.fail(new RecordingNotFound({ recordingId: id }))
            : Effect.succeed(file)
        }, orUnavailable)

        const setRow = Effect.fnUntraced(
          function* (id: number, isProtected: boolean) {
            const [row] = yield* sql<{ filePath: string }>`
              UPDATE recordings SET is_protected = ${isProtected}
              WHERE id = ${BigInt(id)} RETURNING file_path`
            if (row === undefined) return yield* new RecordingNotFound({ recordingId: id })
            if (!isProtected) yield* sql`DELETE FROM protected_files WHERE file_path = ${row.filePath}`
          },
          transaction(sql),
          orUnavailable,
        )

        const setFile = Effect.fnUntraced(function* (id: number, file: StoredFile, isProtected: boolean) {
          const fault = (reason: string) => new ProtectionNotWritten({ recordingId: id, reason })
          const onDisk = <A>(act: () => Promise<A>) =>
            Effect.tryPromise({ try: act, catch: (error) => fault(errorCode(error)) })
          const camera = { id: file.cameraId, identity: file.identity }
          yield* directory.assertOwn(camera).pipe(Effect.mapError(({ message }) => fault(message)))
          const known = yield* onDisk(() => readProtectedFiles(directory.path, camera))
          // The next start makes a damaged one anew from all rows.
          if (known.kind !== "read") return yield* fault(`its .protected file is ${known.kind}`)
          if (known.filePaths.includes(file.filePath) === isProtected) return
          const filePaths = isProtected
            ? [...known.filePaths, file.filePath]
            : known.filePaths.filter((filePath) => filePath !== file.filePath)
          yield* onDisk(() => writeProtectedFiles(directory.path, camera, filePaths))
        })

        const protect = Effect.fnUntraced(function* (id: number) {
          const file = yield* fileOf(id)
          yield* setFile(id, file, true)
          yield* setRow(id, true).pipe(
            // It is being deleted since. Where the database gave no answer, the row may be protected already.
            Effect.tapErrorTag("RecordingNotFound", () => Effect.ignore(setFile(id, file, false))),
          )
        })

        const unprotect = Effect.fnUntraced(function* (id: number) {
          const file = yield* fileOf(id)
          yield* setRow(id, false)
          yield* setFile(id, file, false).pipe(Effect.tapError(() => Effect.ignore(setRow(id, true))))
        })

        return RecordingProtection.of({
          set: Effect.fn("RecordingProtection.set")((id: number, isProtected: boolean) =>
            oneAtATime.withPermit(Effect.uninterruptible(isProtected ? protect(id) : unprotect(id))),
          ),
        })
      }),
    )
}
