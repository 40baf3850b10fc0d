import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { CameraFile } from "../cameraFile.ts"
import { errorCode } from "../../domain/errorCode.ts"
import { DirectoryUnusable, type RecordingsDirectory } from "../RecordingsDirectory.ts"

/** A directory `cam_N` whose `.camera` file says that it is camera N of this installation. */
export interface FoundCamera {
  readonly id: number
  /** Absolute. */
  readonly directory: string
  readonly file: CameraFile
  /** When the `.camera` file was written. */
  readonly writtenAtMillis: number
}

/** A directory `cam_N` of which no camera can be made; nothing in it is touched. */
export interface OtherDirectory {
  readonly id: number
  readonly directory: string
  readonly reason: string
}

/** What stands on disk and not in the database. */
export interface Found {
  readonly found: ReadonlyArray<FoundCamera>
  readonly others: ReadonlyArray<OtherDirectory>
}

const decode = Schema.decodeUnknownResult(CameraFile)

const look = async (
  id: number,
  directory: string,
  installation: string,
): Promise<FoundCamera | OtherDirectory> => {
  const other = (reason: string): OtherDirectory => ({ id, directory, reason })
  const path = join(directory, ".camera")
  try {
    const read = decode(await readFile(path, "utf8"))
    if (Result.isFailure(read)) return other("its .camera file does not say which camera it is")
    const file = read.success
    if (file.installation !== installation) return other("it belongs to another installation of Vigia")
    if (file.camera_id !== id) return other(`its .camera file is that of camera ${file.camera_id}`)
    return { id, directory, file, writtenAtMillis: (await stat(path)).mtimeMs }
  } catch (error) {
    return other(`its .camera file cannot be read: ${errorCode(error)}`)
  }
}

/** One camera stands on disk once: of copies the database's own, else that of the lowest id, is it. */
const withoutCopies = (
  directories: ReadonlyArray<FoundCamera | OtherDirectory>,
  knownIdentities: Iterable<string>,
): Found => {
  const seen = new Set(knownIdentities)
  const found: Array<FoundCamera> = []
  const others: Array<OtherDirectory> = []
  for (const one of directories) {
    if ("reason" in one) others.push(one)
    else if (seen.has(one.file.identity)) {
      const { id, directory } = one
      others.push({ id, directory, reason: "the camera of its .camera file has another directory" })
    } else {
      seen.add(one.file.identity)
      found.push(one)
    }
  }
  return { found, others }
}

/** Looks at all `cam_N` on disk but those of the known cameras; both lists are in the order of ids. */
export const findCameras = Effect.fn("findCameras")(function* (
  { path, installation }: RecordingsDirectory["Service"],
  known: ReadonlyArray<{ readonly id: number; readonly identity: string }>,
) {
  const knownIds = new Set(known.map(({ id }) => id))
  const names = yield* Effect.tryPromise({
    try: () => readdir(path),
    catch: (error) => new DirectoryUnusable({ path, code: errorCode(error) }),
  })
  const ids = names
    .flatMap((name) => /^cam_([1-9]\d{0,9})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter((id) => !knownIds.has(id))
    .toSorted((a, b) => a - b)
  const directories = yield* Effect.forEach(
    ids,
    (id) => Effect.promise(() => look(id, join(path, `cam_${id}`), installation)),
    { concurrency: 8 },
  )
  return withoutCopies(
    directories,
    known.map(({ identity }) => identity),
  )
})
