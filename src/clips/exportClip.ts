import { rm } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type { Clip, ClipContent } from "../domain/Clip.ts"
import type { Coverage } from "../domain/coverage.ts"
import { type ClipHome, sidecarOf } from "../storage/clipSidecar.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import type { ClipSourceFile } from "../storage/Clips.ts"
import { errorCode } from "../domain/errorCode.ts"
import type { DirectoryUnusable, MarkerMissing } from "../storage/RecordingsDirectory.ts"
import { ClipDirectoryLinked, makeClipDirectory } from "./clipDirectory.ts"
import { firstAbsent, publishClip, syncFile, unfinishedPathOf } from "./clipFiles.ts"
import { clipGaps } from "./clipGaps.ts"
import { planInThread } from "./planInThread.ts"
import { ExportFailed, runExport } from "./runExport.ts"

export interface ClipExport {
  readonly clip: Clip
  /** In the order of their beginnings. */
  readonly files: ReadonlyArray<ClipSourceFile>
  /** Of the asked range; taken once it is laid out which recordings are there. */
  readonly coverage: Effect.Effect<Pick<Coverage, "spans">, DatabaseUnavailable>
  readonly home: ClipHome
  readonly ffmpegPath: string
  readonly recordingsDirectory: string
  /** What the disk has for clips. */
  readonly roomBytes: Effect.Effect<number, MarkerMissing | DirectoryUnusable>
  readonly onProgress: (share: number) => void
}

const reasonOf = (error: unknown): string =>
  error instanceof ClipDirectoryLinked ? error.message : errorCode(error)

const onDisk = <A>(act: () => Promise<A>): Effect.Effect<A, ExportFailed> =>
  Effect.tryPromise({ try: act, catch: (error) => new ExportFailed({ reason: reasonOf(error) }) })

/**
 * Writes the file of a clip and its sidecar, and answers the clip with its content.
 *
 * The file has its name only once it is whole and on the medium; an interruption or a failure leaves nothing behind.
 */
export const exportClip = Effect.fn("exportClip")(function* (order: ClipExport) {
  const { clip, recordingsDirectory, files, ffmpegPath, onProgress } = order
  const { cameraId, fromMillis, toMillis, isExact } = clip
  const plan = yield* planInThread({
    recordingsDirectory,
    cameraId,
    files,
    request: { fromMillis, toMillis, isExact },
  })
  if (plan === null) return yield* new ExportFailed({ reason: "no frame of this range is on the disk" })
  if ("reason" in plan) return yield* new ExportFailed({ reason: plan.reason })
  if ((yield* order.roomBytes) < plan.sizeBytes) {
    return yield* new ExportFailed({ reason: `the disk has no room for ${plan.sizeBytes} bytes` })
  }
  const gaps = clipGaps(clip, plan.spans, plan.damaged, yield* order.coverage)
  yield* onDisk(() => makeClipDirectory(recordingsDirectory, cameraId))
  const targetPath = unfinishedPathOf(cameraId, clip.id)
  const target = join(recordingsDirectory, targetPath)
  const write = Effect.gen(function* () {
    yield* runExport({ ffmpegPath, recordingsDirectory, plan, targetPath, onProgress })
    // FFmpeg passes over a file that it does not find.
    const gone = yield* onDisk(() => firstAbsent(recordingsDirectory, plan.pieces))
    if (gone !== null) return yield* new ExportFailed({ reason: `${gone} went during the export` })
    const content: ClipContent = {
      startMillis: plan.startMillis,
      endMillis: plan.endMillis,
      sizeBytes: yield* onDisk(() => syncFile(target)),
      durationSeconds: Math.round(plan.durationSeconds * 1000) / 1000,
      gaps,
      sources: plan.pieces.map(({ filePath, fromSeconds, toSeconds }) => ({
        filePath,
        fromSeconds,
        toSeconds,
      })),
    }
    const sidecar = sidecarOf(clip, content, order.home)
    // Half of it would be a sidecar without its file.
    yield* Effect.uninterruptible(
      onDisk(() => publishClip(recordingsDirectory, targetPath, clip.filePath, sidecar)),
    )
    return { ...clip, state: "ready" as const, content }
  })
  return yield* Effect.ensuring(
    write,
    Effect.promise(() => rm(target, { force: true }).catch(() => {})),
  )
})
