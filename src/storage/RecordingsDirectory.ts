import { randomUUID } from "node:crypto"
import { mkdir, readdir, readFile, statfs } from "node:fs/promises"
import { join, resolve } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Owner } from "../domain/Owner.ts"
import { CameraFile, cameraFileText, CameraIdentity, type CameraRecord } from "./cameraFile.ts"
import type { RemovedCamera, StoredCamera } from "./Cameras.ts"
import { errorCode } from "../domain/errorCode.ts"
import type { StoredOwner } from "./Owners.ts"
import { SecretBox } from "./SecretBox.ts"
import { syncDirectory } from "./syncDirectory.ts"
import { writeAtomically } from "./writeAtomically.ts"

/** Vigia does not record here, because the marker file is not; the message says why and what to do. */
export class MarkerMissing extends Schema.TaggedError<MarkerMissing>()("MarkerMissing", {
  directory: Schema.String,
  message: Schema.String,
}) {}

/** The file system refuses; `code` is its own (errno(3)). */
export class DirectoryUnusable extends Schema.TaggedError<DirectoryUnusable>()("DirectoryUnusable", {
  path: Schema.String,
  code: Schema.String,
}) {
  override get message(): string {
    return `Cannot use ${this.path}: ${this.code}`
  }
}

/** The directory of a camera belongs to another camera; nothing is recorded into it. */
export class ForeignCameraDirectory extends Schema.TaggedError<ForeignCameraDirectory>()(
  "ForeignCameraDirectory",
  { cameraId: Schema.Finite, path: Schema.String },
) {
  override get message(): string {
    return `${this.path} holds recordings of another camera (see its .camera file): move it away, or restore the database it belongs to`
  }
}

/** The file system below a directory, as this process may use it: without what is kept for root. */
export interface DiskSpace {
  readonly totalBytes: number
  readonly freeBytes: number
  /** How many files it may hold, and may yet hold (inodes); null where it sets no bound. */
  readonly files: { readonly total: number; readonly free: number } | null
}

const markerName = ".vigia"
const Marker = Schema.fromJsonString(Schema.Struct({ installation: Schema.String }))
const decodeMarker = Schema.decodeUnknownResult(Marker)

const OpenedBefore = Schema.fromJsonString(Schema.Struct({ directories: Schema.Array(Schema.String) }))
const decodeOpenedBefore = Schema.decodeUnknownResult(OpenedBefore)

const decodeCameraFile = Schema.decodeUnknownOption(CameraFile)
const decodeIdentity = Schema.decodeUnknownOption(CameraIdentity)

const isOfAnother = (text: string | undefined, identity: string): boolean =>
  Option.exists(decodeIdentity(text), (known) => known.identity !== identity)

/** A new file system is empty but for this. */
const countsAsEmpty = new Set(["lost+found"])

const highestUsableId = 2_000_000_000

const attempt = <A>(path: string, act: () => Promise<A>): Effect.Effect<A, DirectoryUnusable> =>
  Effect.tryPromise({ try: act, catch: (error) => new DirectoryUnusable({ path, code: errorCode(error) }) })

/** The text of a file, or undefined where there is none. */
const textOf = (path: string): Effect.Effect<string | undefined, DirectoryUnusable> =>
  attempt(path, () => readFile(path, "utf8")).pipe(
    Effect.catchIf(
      (error) => error.code === "ENOENT",
      () => Effect.undefined,
    ),
  )

const toBegin = (directory: string): string =>
  `If this is the right directory, run \`touch ${join(directory, markerName)}\` and start again.`

/** The marker's installation id: read, or written where this is the first start in an empty directory. */
const openMarker = Effect.fnUntraced(function* (directory: string, stateDirectory: string) {
  yield* attempt(directory, () => mkdir(directory, { recursive: true }))
  const memoryPath = join(stateDirectory, "recording-directories.json")
  const memory = decodeOpenedBefore(yield* textOf(memoryPath))
  const openedBefore = Result.isSuccess(memory) ? memory.success.directories : []
  const markerPath = join(directory, markerName)
  const text = yield* textOf(markerPath)
  const marker = decodeMarker(text)
  if (text === undefined) {
    const entries = yield* attempt(directory, () => readdir(directory))
    if (entries.some((entry) => !countsAsEmpty.has(entry))) {
      return yield* new MarkerMissing({
        directory,
        message: `${directory} is not empty and has no marker file ${markerName}: it may be another directory than the one meant. ${toBegin(directory)}`,
      })
    }
    if (openedBefore.includes(directory)) {
      return yield* new MarkerMissing({
        directory,
        message: `${directory} was recorded into before, and is empty now: is its file system not mounted? ${toBegin(directory)}`,
      })
    }
  }
  const installation = Result.isSuccess(marker) ? marker.success.installation : randomUUID()
  if (Result.isFailure(marker)) {
    yield* attempt(markerPath, () => writeAtomically(markerPath, JSON.stringify({ installation }), 0o644))
  }
  if (!openedBefore.includes(directory)) {
    const directories = [...openedBefore, directory]
    yield* attempt(memoryPath, async () => {
      await mkdir(stateDirectory, { recursive: true, mode: 0o711 })
      await writeAtomically(memoryPath, JSON.stringify({ directories }), 0o600)
    })
  }
  return installation
})

/**
 * The directory that holds all recordings, known by its marker file `.vigia`.
 *
 * Without the marker nothing is recorded: a file system that is not mounted must not fill the disk below it.
 */
export class RecordingsDirectory extends Context.Service<
  RecordingsDirectory,
  {
    /** Absolute. */
    readonly path: string
    readonly installation: string
    /** That the marker is still there, and still the same: to be asked before each run. */
    readonly assertPresent: Effect.Effect<void, MarkerMissing | DirectoryUnusable>
    /** That a camera's directory, if it is there, is not another camera's. */
    assertOwn(camera: {
      readonly id: number
      readonly identity: string
    }): Effect.Effect<void, MarkerMissing | DirectoryUnusable | ForeignCameraDirectory>
    /** Absolute path of a camera's directory, which need not exist. */
    cameraPath(cameraId: number): string
    /** Makes a camera's directory with its `.camera` file, or brings that file up to date; gives the path. */
    prepareCamera(
      camera: StoredCamera,
      owner: Owner,
    ): Effect.Effect<string, MarkerMissing | DirectoryUnusable | ForeignCameraDirectory>
    /**
     * Notes in the `.camera` file that a camera was removed; false where there was nothing to change: the file says
     * so already, is another camera's, or has gone with its directory, which is not made again.
     */
    noteRemoved(
      camera: RemovedCamera,
      owner: StoredOwner,
    ): Effect.Effect<boolean, MarkerMissing | DirectoryUnusable>
    /** The highest N of any `cam_N` on disk, 0 without any: new ids must start above. */
    readonly highestCameraId: Effect.Effect<number, DirectoryUnusable>
    /** From the file system's own figures (statfs(2)), where the marker is there: else they are another's. */
    readonly diskSpace: Effect.Effect<DiskSpace, MarkerMissing | DirectoryUnusable>
  }
>()("vigia/storage/RecordingsDirectory") {
  static readonly layer = (options: {
    readonly directory: string
    readonly stateDirectory: string
  }): Layer.Layer<RecordingsDirectory, MarkerMissing | DirectoryUnusable, SecretBox> =>
    Layer.effect(
      RecordingsDirectory,
      Effect.gen(function* () {
        const box = yield* SecretBox
        const path = resolve(options.directory)
        const installation = yield* openMarker(path, resolve(options.stateDirectory))
        const cameraPath = (cameraId: number): string => join(path, `cam_${cameraId}`)

        const assertPresent = textOf(join(path, markerName)).pipe(
          Effect.map(decodeMarker),
          Effect.flatMap((marker) =>
            Result.isSuccess(marker) && marker.success.installation === installation
              ? Effect.void
              : new MarkerMissing({
                  directory: path,
                  message: `${path} has lost its marker file ${markerName}, or got another: is its file system not mounted any more?`,
                }),
          ),
          Effect.withSpan("RecordingsDirectory.assertPresent"),
        )

        const assertOwn = Effect.fn("RecordingsDirectory.assertOwn")(function* (camera: {
          readonly id: number
          readonly identity: string
        }) {
          yield* assertPresent
          const ownPath = cameraPath(camera.id)
          if (isOfAnother(yield* textOf(join(ownPath, ".camera")), camera.identity)) {
            return yield* new ForeignCameraDirectory({ cameraId: camera.id, path: ownPath })
          }
        })

        /** Whether something had to be written. */
        const bringUpToDate = Effect.fnUntraced(function* (
          file: string,
          knownText: string | undefined,
          record: CameraRecord,
        ) {
          const known = Option.getOrNull(decodeCameraFile(knownText))
          const text = yield* cameraFileText(record, known, box)
          if (text === null) return false
          yield* attempt(file, () => writeAtomically(file, text, 0o600))
          return true
        })

        const prepareCamera = Effect.fn("RecordingsDirectory.prepareCamera")(function* (
          camera: StoredCamera,
          owner: Owner,
        ) {
          yield* assertPresent
          const directory = cameraPath(camera.id)
          const file = join(directory, ".camera")
          yield* attempt(directory, async () => {
            const made = await mkdir(directory, { recursive: true })
            if (made !== undefined) await syncDirectory(path)
          })
          const text = yield* textOf(file)
          if (isOfAnother(text, camera.identity)) {
            return yield* new ForeignCameraDirectory({ cameraId: camera.id, path: directory })
          }
          const kept = { ...owner, deletedAtMillis: null }
          yield* bringUpToDate(file, text, { camera, owner: kept, deletedAtMillis: null, installation })
          return directory
        })

        const noteRemoved = Effect.fn("RecordingsDirectory.noteRemoved")(function* (
          camera: RemovedCamera,
          owner: StoredOwner,
        ) {
          yield* assertPresent
          const file = join(cameraPath(camera.id), ".camera")
          const text = yield* textOf(file)
          if (text === undefined || isOfAnother(text, camera.identity)) return false
          const { deletedAtMillis } = camera
          return yield* bringUpToDate(file, text, { camera, owner, deletedAtMillis, installation })
        })

        const highestCameraId = attempt(path, () => readdir(path)).pipe(
          Effect.map((entries) =>
            entries
              .map((entry) => Number(/^cam_(\d{1,10})$/.exec(entry)?.[1] ?? 0))
              .filter((id) => id <= highestUsableId)
              .reduce((highest, id) => Math.max(highest, id), 0),
          ),
          Effect.withSpan("RecordingsDirectory.highestCameraId"),
        )

        const diskSpace = Effect.andThen(
          assertPresent,
          attempt(path, () => statfs(path)),
        ).pipe(
          Effect.map(({ blocks, bfree, bavail, bsize, files, ffree }) => ({
            totalBytes: (blocks - bfree + bavail) * bsize,
            freeBytes: bavail * bsize,
            files: files > 0 ? { total: files, free: ffree } : null,
          })),
          Effect.withSpan("RecordingsDirectory.diskSpace"),
        )

        return RecordingsDirectory.of({
          path,
          installation,
          assertPresent,
          assertOwn,
          cameraPath,
          prepareCamera,
          noteRemoved,
          highestCameraId,
          diskSpace,
        })
      }),
    )
}
