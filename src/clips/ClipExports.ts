import { randomUUID } from "node:crypto"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import type { Clip, ClipRequest } from "../domain/Clip.ts"
import type { Span } from "../domain/Segment.ts"
import { EventJournal } from "../events/EventJournal.ts"
import { type CameraNotFound, Cameras, type KeptCamera } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { ClipNameTaken, type ClipNotFound, Clips, type ClipSourceFile } from "../storage/Clips.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { errorCode } from "../domain/errorCode.ts"
import { ExportSources } from "../storage/ExportSources.ts"
import { Owners } from "../storage/Owners.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { findSetAside } from "../storage/setAside.ts"
import { untilDatabaseAnswers } from "../storage/untilDatabaseAnswers.ts"
import { assertUnlinked, clipDirectoryOf, ClipDirectoryLinked } from "./clipDirectory.ts"
import { ClipFileForeign } from "./ClipFileForeign.ts"
import { holderOf, isTaken, removeClip, removeLeftovers, removeUnfinished, retractClip } from "./clipFiles.ts"
import { faultOfName, slugOf } from "./clipName.ts"
import { ClipNotRemoved } from "./ClipNotRemoved.ts"
import { ClipRefused } from "./ClipRefused.ts"
import { clipSources, isComing, untilRecorded } from "./clipSources.ts"
import { exportClip } from "./exportClip.ts"
import { ExportsBusy } from "./ExportsBusy.ts"

/** A clip has at most a day: longer exports are better asked for day by day. */
const longestRangeMillis = 24 * 3_600_000

/** Exports that are not done yet, the one that runs included. */
const mostWaiting = 100

export interface ClipExportOptions {
  readonly ffmpegPath: string
  /** What an export leaves free on a disk of that size, for the recordings. */
  readonly reserveOf: (totalBytes: number) => number
}

/**
 * Exports ranges of recordings into clips, one at a time, and deletes clips, which nothing else does.
 *
 * Exports end with the service; what they left is removed at the next start.
 */
export class ClipExports extends Context.Service<
  ClipExports,
  {
    /** Begins an export, or puts it in the queue; fails where it cannot be made, with nothing begun. */
    request(
      request: ClipRequest,
    ): Effect.Effect<
      Clip,
      ClipRefused | ExportsBusy | ClipNameTaken | ClipDirectoryLinked | CameraNotFound | DatabaseUnavailable
    >
    /** From 0 to 1; of a clip that is not being exported by this service, 0. */
    progressOf(clipId: string): number
    /** Exports that are not done yet, the one that runs included. */
    readonly pending: Effect.Effect<number>
    /** Cancels an export, of which no file is left, or deletes a clip that is there; may be repeated after a failure. */
    remove(
      clipId: string,
    ): Effect.Effect<
      void,
      ClipNotFound | ClipFileForeign | ClipDirectoryLinked | ClipNotRemoved | DatabaseUnavailable
    >
  }
>()("vigia/clips/ClipExports") {
  static readonly layer = (options: ClipExportOptions) => Layer.effect(ClipExports, makeExports(options))
}

const patiently = untilDatabaseAnswers("The database")

const onDisk = <A>(act: () => Promise<A>): Effect.Effect<A, ClipNotRemoved | ClipDirectoryLinked> =>
  Effect.tryPromise({
    try: act,
    catch: (error) =>
      error instanceof ClipDirectoryLinked ? error : new ClipNotRemoved({ reason: errorCode(error) }),
  })

const makeExports = Effect.fnUntraced(function* ({ ffmpegPath, reserveOf }: ClipExportOptions) {
  const clips = yield* Clips
  const cameras = yield* Cameras
  const owners = yield* Owners
  const catalog = yield* Catalog
  const directory = yield* RecordingsDirectory
  const inUse = yield* ExportSources
  const { publish } = yield* EventJournal
  const oneAtATime = yield* Semaphore.make(1)
  const running = yield* FiberMap.make<string>()
  const progress = new Map<string, number>()

  const told = (type: "clip.ready" | "clip.failed" | "clip.deleted", { id, cameraId, name }: Clip) =>
    Effect.sync(() => publish({ type, cameraId, clipId: id, name }))

  const inCatalog = Effect.provideService(Catalog, catalog)
  const sourcesOf = (cameraId: number, range: Span) =>
    inCatalog(Effect.provideService(clipSources(cameraId, range), Clips, clips))

  const hold = (clipId: string, files: ReadonlyArray<ClipSourceFile>): void =>
    inUse.hold(
      clipId,
      files.map(({ filePath }) => filePath),
    )

  const refuse = (field: string, message: string) => Effect.fail(new ClipRefused({ field, message }))

  /** What there is of the range by now; refused where that is nothing at all, and nothing comes. */
  const someSourcesOf = Effect.fnUntraced(function* ({ cameraId, fromMillis, toMillis }: ClipRequest) {
    const { recordedMillis } = yield* catalog.coverage(cameraId, fromMillis, toMillis)
    const files = yield* sourcesOf(cameraId, { fromMillis, toMillis })
    // Files that a repair found may lie where the camera was not to be recorded.
    if (recordedMillis > 0 || files.some(({ isGrowing }) => !isGrowing)) return files
    const mayCome = yield* inCatalog(isComing(cameraId, { fromMillis, toMillis }))
    return mayCome ? files : yield* refuse("from", "nothing was recorded in this range")
  })

  const checked = Effect.fnUntraced(function* (request: ClipRequest) {
    const { name, fromMillis, toMillis } = request
    const fault = faultOfName(name)
    if (fault !== null) return yield* refuse("name", fault)
    if (fromMillis >= toMillis) return yield* refuse("from", "must be before `to`")
    if (toMillis - fromMillis > longestRangeMillis)
      return yield* refuse("to", "must be at most 24 h after `from`")
    if (toMillis > (yield* Clock.currentTimeMillis)) return yield* refuse("to", "must not lie in the future")
  })

  /** One that was removed has its directory as long as it has recordings. */
  const assertDirectory = Effect.fnUntraced(function* (camera: KeptCamera) {
    if (camera.deletedAtMillis !== null) return yield* directory.assertOwn(camera)
    const owner = yield* Effect.orDie(patiently(owners.get(camera.ownerId)))
    yield* directory.prepareCamera(camera, owner)
  })

  const exported = Effect.fnUntraced(function* (clip: Clip) {
    const camera = yield* patiently(cameras.getKept(clip.cameraId))
    yield* assertDirectory(camera)
    yield* inCatalog(untilRecorded(clip.cameraId, clip))
    const files = yield* patiently(sourcesOf(clip.cameraId, clip))
    hold(clip.id, files)
    const ready = yield* exportClip({
      clip,
      files,
      coverage: patiently(catalog.coverage(clip.cameraId, clip.fromMillis, clip.toMillis)),
      ffmpegPath,
      recordingsDirectory: directory.path,
      home: { cameraIdentity: camera.identity, installation: directory.installation },
      roomBytes: Effect.map(
        directory.diskSpace,
        ({ freeBytes, totalBytes }) => freeBytes - reserveOf(totalBytes),
      ),
      onProgress: (share) => progress.set(clip.id, share),
    })
    yield* patiently(clips.restore(ready))
    yield* told("clip.ready", ready)
    yield* Effect.logInfo(`clip ${ready.filePath} is ready`).pipe(
      Effect.annotateLogs("camera_id", clip.cameraId),
    )
  })

  const failed = Effect.fnUntraced(function* (clip: Clip, reason: string) {
    yield* Effect.logError(`clip ${clip.filePath} failed: ${reason}`).pipe(
      Effect.annotateLogs("camera_id", clip.cameraId),
    )
    yield* patiently(clips.setEnded(clip.id, "failed", reason))
    yield* told("clip.failed", clip)
  })

  const run = (clip: Clip) =>
    exported(clip).pipe(
      Effect.catch((error) => failed(clip, "reason" in error ? error.reason : error.message)),
      Effect.catchDefect((defect) => Effect.andThen(Effect.logError(defect), failed(clip, "internal error"))),
      (alone) => oneAtATime.withPermit(alone),
      Effect.ensuring(Effect.sync(() => progress.delete(clip.id))),
      Effect.ignore,
    )

  const begin = Effect.fnUntraced(function* (clip: Clip, files: ReadonlyArray<ClipSourceFile>) {
    hold(clip.id, files)
    yield* Effect.onError(clips.create(clip), () => Effect.sync(() => inUse.release(clip.id)))
    const fiber = yield* FiberMap.run(running, clip.id, run(clip))
    // Also where it is ended before it begins.
    fiber.addObserver(() => inUse.release(clip.id))
  }, Effect.uninterruptible)

  const request = Effect.fn("ClipExports.request")(function* (wanted: ClipRequest) {
    const asked = { ...wanted, name: wanted.name.trim() }
    yield* cameras.getKept(asked.cameraId)
    yield* checked(asked)
    const waiting = yield* FiberMap.size(running)
    if (waiting >= mostWaiting) return yield* new ExportsBusy({ waiting })
    const clipDirectory = clipDirectoryOf(asked.cameraId)
    const filePath = `${clipDirectory}/${slugOf(asked.name)}.mp4`
    const files = yield* someSourcesOf(asked)
    yield* Effect.catchTag(
      onDisk(() => assertUnlinked(directory.path, clipDirectory)),
      "ClipNotRemoved",
      Effect.die,
    )
    if (yield* Effect.promise(() => isTaken(directory.path, filePath))) {
      return yield* new ClipNameTaken({ cameraId: asked.cameraId, name: asked.name })
    }
    const clip: Clip = {
      ...asked,
      id: randomUUID(),
      state: "exporting",
      filePath,
      content: null,
      error: null,
      createdAtMillis: yield* Clock.currentTimeMillis,
    }
    yield* begin(clip, files)
    return clip
  })

  /**
   * The file of a clip, row first: a crash in between is finished by the next start, a failure by asking again.
   *
   * What the row names goes unless its sidecar says that it is another clip's.
   */
  const removeReady = Effect.fnUntraced(function* (clip: Clip) {
    // Where the disk is not mounted, or another camera's, the file is not gone.
    const camera = yield* Effect.catchTag(cameras.getKept(clip.cameraId), "CameraNotFound", Effect.die)
    yield* Effect.mapError(
      directory.assertOwn(camera),
      ({ message }) => new ClipNotRemoved({ reason: message }),
    )
    // Before its row says that it goes.
    yield* onDisk(() => assertUnlinked(directory.path, clipDirectoryOf(clip.cameraId)))
    const holder = yield* onDisk(() => holderOf(directory.path, clip.filePath))
    if (holder !== null && holder !== clip.id) return yield* new ClipFileForeign({ filePath: clip.filePath })
    yield* clips.markDeleting(clip.id)
    yield* onDisk(() => removeClip(directory.path, clip.filePath))
    yield* clips.remove(clip.id)
    yield* told("clip.deleted", clip)
  })

  const remove = Effect.fn("ClipExports.remove")(function* (clipId: string) {
    yield* clips.getForRemoval(clipId)
    const fiber = yield* FiberMap.get(running, clipId)
    if (Option.isSome(fiber)) yield* Fiber.interrupt(fiber.value)
    const { clip, isDeleting } = yield* clips.getForRemoval(clipId)
    if (isDeleting || clip.state === "ready") return yield* removeReady(clip)
    if (clip.state !== "exporting") return yield* clips.remove(clipId)
    // It may have got its name just before.
    yield* onDisk(() => retractClip(directory.path, clip))
    yield* clips.setEnded(clipId, "cancelled", null)
  })

  const known = [...(yield* patiently(cameras.list)), ...(yield* patiently(cameras.listRemoved))]
  const isSetAside = yield* findSetAside(directory, known)
  const leftovers = yield* Effect.result(onDisk(() => removeLeftovers(directory.path, isSetAside)))
  if (leftovers._tag === "Failure") {
    yield* Effect.logError(`unfinished clips cannot be removed: ${leftovers.failure.message}`)
  }
  const { exporting, deleting } = yield* patiently(clips.unfinished)
  for (const clip of exporting) {
    yield* Effect.ignore(onDisk(() => removeUnfinished(directory.path, clip)))
    yield* failed(clip, "the service ended during the export")
  }
  for (const clip of deleting) {
    yield* removeReady(clip).pipe(
      Effect.catch((error) => Effect.logError(`${join(directory.path, clip.filePath)}: ${error._tag}`)),
    )
  }

  return ClipExports.of({
    request,
    remove,
    progressOf: (clipId) => progress.get(clipId) ?? 0,
    pending: FiberMap.size(running),
  })
})
