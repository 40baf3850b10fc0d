import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Span } from "../domain/Segment.ts"
import { Catalog } from "../storage/Catalog.ts"
import { Clips, type ClipSourceFile } from "../storage/Clips.ts"

/** How far the newest fragment on disk may lie back: FFmpeg writes it when it is over, the watcher rests between looks. */
const edgeMillis = 3_000
const lookMillis = 100

/** Whether the end of a range is recorded and not on the disk yet; also while one file ends and the next begins. */
export const isComing = Effect.fnUntraced(function* (cameraId: number, { toMillis }: Span) {
  const { openGap, coveredUntilMillis } = (yield* Catalog).snapshot(cameraId)
  const nowMillis = yield* Clock.currentTimeMillis
  if (openGap !== null || coveredUntilMillis === null || coveredUntilMillis >= toMillis) return false
  return toMillis > nowMillis - edgeMillis && coveredUntilMillis > nowMillis - 2 * edgeMillis
})

/** Waits until the end of a range is on the disk, as far as that is to be expected: at most 3 s. */
export const untilRecorded = Effect.fnUntraced(function* (cameraId: number, range: Span) {
  while (yield* isComing(cameraId, range)) yield* Effect.sleep(lookMillis)
})

/**
 * Recordings that reach into a range, in the order of their beginnings.
 *
 * Rows follow what is recorded, on a busy disk by seconds: of the newest files the catalog's memory knows more.
 */
export const clipSources = Effect.fnUntraced(function* (cameraId: number, { fromMillis, toMillis }: Span) {
  const catalog = yield* Catalog
  const clips = yield* Clips
  // Before the query: a row that is written meanwhile is then in both, never in neither.
  const { remembered } = catalog.knownFiles(cameraId)
  const stored = yield* clips.sources(cameraId, fromMillis, toMillis)
  const files = new Map(stored.map((file) => [file.filePath, file]))
  for (const [filePath, segment] of remembered) {
    if (segment.startedAtMillis >= toMillis) continue
    if (segment.endedAtMillis <= fromMillis && segment.state === "closed") continue
    files.set(filePath, {
      filePath,
      runId: segment.runId,
      segmentNumber: segment.number,
      isGrowing: segment.state === "growing",
      startMillis: segment.startedAtMillis,
    } satisfies ClipSourceFile)
  }
  return [...files.values()].toSorted((one, other) => one.startMillis - other.startMillis)
})
