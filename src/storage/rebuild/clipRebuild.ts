import { lstat, readFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Clip, ClipContent } from "../../domain/Clip.ts"
import { Cameras } from "../Cameras.ts"
import { Clips } from "../Clips.ts"
import { ClipSidecar, clipOfSidecar } from "../clipSidecar.ts"
import { errorCode } from "../../domain/errorCode.ts"
import { RecordingsDirectory } from "../RecordingsDirectory.ts"
import { namesIn } from "./namesIn.ts"

/** The camera whose clips are looked at, as the database knows it. */
interface ClipOwner {
  readonly id: number
  readonly identity: string
}

/** What a name of a camera's `clips` directory turned out to be. */
type FoundClip = { readonly sidecar: ClipSidecar } | { readonly path: string; readonly reason: string }

const decode = Schema.decodeUnknownOption(ClipSidecar)
const clipName = /^([a-z0-9][a-z0-9-]*)\.(mp4|json)$/

const sizeOf = async (path: string): Promise<number | null> => {
  try {
    const stats = await lstat(path)
    return stats.isFile() ? stats.size : null
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null
    throw error
  }
}

const look = async (directory: string, slug: string, owner: ClipOwner): Promise<FoundClip> => {
  const path = join(directory, `${slug}.json`)
  const other = (reason: string): FoundClip => ({ path, reason })
  try {
    const sidecar = Option.getOrNull(decode(await readFile(path, "utf8")))
    if (sidecar === null) return other("it is no sidecar of a clip")
    if (sidecar.camera_identity !== owner.identity || sidecar.camera_id !== owner.id) {
      return other("it belongs to a clip of another camera")
    }
    if (sidecar.file !== `${slug}.mp4`) return other(`it belongs to ${JSON.stringify(sidecar.file)}`)
    const size = await sizeOf(join(directory, sidecar.file))
    if (size === null) return other("its clip is not there")
    return size === sidecar.file_size
      ? { sidecar }
      : other(`its clip has ${size} bytes, not ${sidecar.file_size}`)
  } catch (error) {
    return other(`it cannot be read: ${errorCode(error)}`)
  }
}

/** All clips of a camera but those of the known files. */
const findClips = async (
  recordingsDirectory: string,
  owner: ClipOwner,
  known: ReadonlySet<string>,
): Promise<ReadonlyArray<FoundClip>> => {
  const directory = join(recordingsDirectory, `cam_${owner.id}`, "clips")
  const found: Array<FoundClip> = []
  const names = await namesIn(directory)
  const present = new Set(names)
  for (const name of names) {
    const [, slug = "", ending] = clipName.exec(name) ?? []
    if (slug === "" || known.has(`cam_${owner.id}/clips/${slug}.mp4`)) continue
    if (ending === "json") found.push(await look(directory, slug, owner))
    else if (!present.has(`${slug}.json`)) {
      found.push({ path: join(directory, name), reason: "it has no sidecar that says what it is" })
    }
  }
  return found
}

/**
 * Lets go of a name that an earlier life reserved for one clip and that the file of another one has.
 *
 * An export has failed then; a clip that was being deleted is gone.
 */
const makeWay = Effect.fnUntraced(function* ({ id, filePath }: Clip) {
  const clips = yield* Clips
  const { exporting, deleting } = yield* clips.unfinished
  const isInTheWay = (other: Clip): boolean => other.filePath === filePath && other.id !== id
  for (const other of exporting.filter(isInTheWay)) {
    yield* Effect.logWarning(`${filePath} is another clip than the one whose export was cut short`)
    yield* clips.setEnded(other.id, "failed", "another clip has its file")
  }
  for (const other of deleting.filter(isInTheWay)) {
    yield* Effect.logWarning(`${filePath} is another clip than the one that was being deleted`)
    yield* clips.remove(other.id)
  }
})

/** Whether the clip is listed now and was not before. */
const restore = Effect.fnUntraced(function* (clip: Clip & { readonly content: ClipContent }) {
  yield* makeWay(clip)
  return yield* (yield* Clips)
    .restore(clip)
    .pipe(
      Effect.catchTag("ClipRowRefused", ({ filePath, reason }) =>
        Effect.as(
          Effect.logError(`${filePath} is left alone: the database refuses its row: ${reason}`),
          false,
        ),
      ),
    )
})

const rebuild = Effect.gen(function* () {
  const directory = yield* RecordingsDirectory
  const cameras = yield* Cameras
  const clips = yield* Clips
  const known = new Set((yield* clips.ready).map(({ filePath }) => filePath))
  for (const { id, identity } of [...(yield* cameras.list), ...(yield* cameras.listRemoved)]) {
    const owner = { id, identity }
    const found = yield* Effect.tryPromise({
      try: () => findClips(directory.path, owner, known),
      catch: errorCode,
    }).pipe(
      Effect.catch((code) =>
        Effect.as(Effect.logError(`the clips of camera ${id} cannot be looked at: ${code}`), []),
      ),
    )
    const told = found.flatMap((one) => ("sidecar" in one ? [clipOfSidecar(one.sidecar)] : []))
    const restored = yield* Effect.filter(told, restore)
    if (restored.length > 0)
      yield* Effect.logWarning(`${restored.length} clips of camera ${id} are listed again`)
    for (const one of found) {
      if ("reason" in one) yield* Effect.logWarning(`${one.path} is left alone: ${one.reason}`)
    }
  }
}).pipe(Effect.withSpan("ClipRebuild.rebuild"))

/**
 * Lists again the clips whose sidecars the database does not know, once, after the cameras are there.
 *
 * The identity of its camera alone says whose clip it is: where the marker was lost and made anew, the directory is
 * another installation's, and its clips stay. A clip whose export was cut short after its file had got its name becomes
 * ready, too. A sidecar without its file, a file without its sidecar and a clip whose row the database refuses are
 * reported and left alone, and keep back no other. Doing it twice changes nothing.
 */
export const clipRebuild = Layer.effectDiscard(rebuild)
