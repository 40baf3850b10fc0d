import * as Effect from "effect/Effect"
import { instant } from "../domain/instant.ts"
import type { VigiaEvent } from "../domain/VigiaEvent.ts"

/** Recordings of one camera that went before their time, together; every eviction is told as one of these. */
export interface Eviction {
  readonly reason: "disk" | "quota"
  readonly cameraId: number
  readonly ownerId: number | null
  readonly files: number
  readonly bytes: number
  /** Unix milliseconds: the first start and the last end; between them other recordings may be left. */
  readonly fromMillis: number
  readonly toMillis: number
}

const sentences = {
  disk: "evicted recordings: the disk is too full",
  quota: "evicted recordings: they were over their quota",
}

/** Says in the log and to `publish` what was evicted, whose, and why; each eviction passes here. */
export const noteEviction = (
  eviction: Eviction,
  publish: (event: VigiaEvent) => void,
): Effect.Effect<void> => {
  const { bytes, ...facts } = eviction
  return Effect.sync(() => publish({ type: "recordings.evicted", ...facts, sizeBytes: bytes })).pipe(
    Effect.andThen(Effect.logWarning(sentences[eviction.reason])),
    Effect.annotateLogs({
      reason: eviction.reason,
      camera_id: eviction.cameraId,
      owner_id: eviction.ownerId,
      files: eviction.files,
      bytes: eviction.bytes,
      from: instant(eviction.fromMillis),
      to: instant(eviction.toMillis),
    }),
  )
}
