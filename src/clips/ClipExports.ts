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
import type { Clip, ClipGap, ClipRequest } from "../domain/Clip.ts"
import { type CameraNotFound, Cameras } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { ClipNameTaken, type ClipNotFound, Clips } from "../storage/Clips.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { errorCode } from "../storage/errorCode.ts"
import { Owners } from "../storage/Owners.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { untilDatabaseAnswers } from "../storage/untilDatabaseAnswers.ts"
import { isTaken, removeClip, removeLeftovers, removeUnfinished } from "./clipFiles.ts"
import { faultOfName, slugOf } from "./clipName.ts"
import { ClipRefused } from "./ClipRefused.ts"
import { exportClip } from "./exportClip.ts"
import { ExportFailed } from "./runExport.ts"

/** A clip has at most a day: longer exports are better asked for day by day. */
const longestRangeMillis = 24 * 3_600_000

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
    ): Effect.Effect<Clip, ClipRefused | ClipNameTaken | CameraNotFound | DatabaseUnavailable>
    /** From 0 to 1; of a clip that is not being exported by this service, 0. */
    progressOf(clipId: string): number
    /** Cancels an export, of which no file is left, or deletes a clip that is there. */
    remove(clipId: string): Effect.Effect<void, ClipNotFound | DatabaseUnavailable | ExportFailed>
  }
>()("vigia/clips/ClipExports") {
  static readonly layer = (options: ClipExportOptions) => Layer.effect(ClipExports, makeExports(options))
}

const patiently = untilDatabaseAnswers("The database")

const onDisk = <A>(act: () => Promise<A>): Effect.Effect<A, ExportFailed> =>
  Effect.tryPromise({ try: act, catch: (error) => new ExportFailed({ reason: errorCode(error) }) })

const makeExports = Effect.fnUntraced(function* ({ ffmpegPath, reserveOf }: ClipExportOptions) {
  const clips = yield* Clips
  const cameras = yield* Cameras
  const owners = yield* Owners
  const catalog = yield* Catalog
  const directory = yield* RecordingsDirectory
  const oneAtATime = yield* Semaphore.make(1)
  const running = yield* FiberMap.make<string>()
  const progress = new Map<string, number>()

  const refuse = (field: string, message: string) => Effect.fail(new ClipRefused({ field, message }))

  /** What the range lacks; refused where it holds nothing at all. */
  const gapsOf = Effect.fnUntraced(function* ({ cameraId, fromMillis, toMillis }: ClipRequest) {
    const coverage = yield* catalog.coverage(cameraId, fromMillis, toMillis)
    // Files that a repair found may lie where the camera was not to be recorded.
    if (coverage.recordedMillis === 0) {
      const files = yield* clips.sources(cameraId, fromMillis, toMillis)
      if (files.every(({ isGrowing }) => isGrowing)) {
        return yield* refuse("from", "nothing was recorded in this range")
      }
    }
    return coverage.spans.flatMap((span): ReadonlyArray<ClipGap> =>
      span.kind === "recorded"
        ? []
        : [
            {
              fromMillis: span.fromMillis,
              toMillis: span.toMillis,
              cause: span.kind === "gap" ? span.cause : "stopped",
            },
          ],
    )
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

  const exported = Effect.fnUntraced(function* (clip: Clip, gaps: ReadonlyArray<ClipGap>) {
    const camera = yield* patiently(cameras.get(clip.cameraId))
    const owner = yield* Effect.orDie(patiently(owners.get(camera.ownerId)))
    yield* directory.prepareCamera(camera, owner)
    yield* patiently(catalog.flush)
    const files = yield* patiently(clips.sources(clip.cameraId, clip.fromMillis, clip.toMillis))
    const ready = yield* exportClip({
      clip,
      gaps,
      files,
      ffmpegPath,
      recordingsDirectory: directory.path,
      home: { cameraIdentity: camera.identity, installation: directory.installation },
      roomBytes: Effect.map(
        directory.diskSpace,
        ({ freeBytes, totalBytes }) => freeBytes - reserveOf(totalBytes),
      ),
      onProgress: (share) => progress.set(clip.id, share),
    })
    yield* patiently(clips.restore([ready]))
    yield* Effect.logInfo(`clip ${ready.filePath} is ready`).pipe(
      Effect.annotateLogs("camera_id", clip.cameraId),
    )
  })

  const failed = Effect.fnUntraced(function* (clip: Clip, reason: string) {
    yield* Effect.logError(`clip ${clip.filePath} failed: ${reason}`).pipe(
      Effect.annotateLogs("camera_id", clip.cameraId),
    )
    yield* patiently(clips.setEnded(clip.id, "failed", reason))
  })

  const run = (clip: Clip, gaps: ReadonlyArray<ClipGap>) =>
    exported(clip, gaps).pipe(
      Effect.catch((error) => failed(clip, "reason" in error ? error.reason : error.message)),
      Effect.catchDefect((defect) => Effect.andThen(Effect.logError(defect), failed(clip, "internal error"))),
      (alone) => oneAtATime.withPermit(alone),
      Effect.ensuring(Effect.sync(() => progress.delete(clip.id))),
      Effect.ignore,
    )

  const request = Effect.fn("ClipExports.request")(function* (asked: ClipRequest) {
    yield* cameras.get(asked.cameraId)
    yield* checked(asked)
    const filePath = `cam_${asked.cameraId}/clips/${slugOf(asked.name)}.mp4`
    const gaps = yield* gapsOf(asked)
    if (yield* Effect.orDie(onDisk(() => isTaken(directory.path, filePath)))) {
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
    yield* Effect.uninterruptible(
      Effect.andThen(clips.create(clip), FiberMap.run(running, clip.id, run(clip, gaps))),
    )
    return clip
  })

  /** The file of a clip, row first: a crash in between is finished by the next start. */
  const removeReady = Effect.fnUntraced(function* (clip: Clip) {
    yield* clips.markDeleting(clip.id)
    yield* onDisk(() => removeClip(directory.path, clip))
    yield* clips.remove(clip.id)
  })

  const remove = Effect.fn("ClipExports.remove")(function* (clipId: string) {
    yield* clips.get(clipId)
    const fiber = yield* FiberMap.get(running, clipId)
    if (Option.isSome(fiber)) yield* Fiber.interrupt(fiber.value)
    const clip = yield* clips.get(clipId)
    if (clip.state === "ready") return yield* removeReady(clip)
    if (clip.state !== "exporting") return yield* clips.remove(clipId)
    // It may have got its name just before.
    yield* onDisk(() => removeClip(directory.path, clip))
    yield* clips.setEnded(clipId, "cancelled", null)
  })

  const leftovers = yield* Effect.result(onDisk(() => removeLeftovers(directory.path)))
  if (leftovers._tag === "Failure") {
    yield* Effect.logError(`unfinished clips cannot be removed: ${leftovers.failure.reason}`)
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

  return ClipExports.of({ request, remove, progressOf: (clipId) => progress.get(clipId) ?? 0 })
})
