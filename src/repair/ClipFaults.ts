import { lstat } from "node:fs/promises"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ClipFault } from "../domain/Clip.ts"
import { Clips, type ReadyClip } from "../storage/Clips.ts"
import { errorCode } from "../domain/errorCode.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"

/** Clips that are logged one by one when a look finds them; of the others the number. */
const loggedClips = 100

/** What is wrong with the file of a clip; null where it is what its row says. */
const faultOf = async (path: string, sizeBytes: number): Promise<ClipFault | null> => {
  try {
    const stats = await lstat(path)
    return stats.isFile() && stats.size === sizeBytes ? null : "damaged"
  } catch (error) {
    const code = errorCode(error)
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "damaged"
  }
}

const texts: Readonly<Record<ClipFault, string>> = {
  missing: "its file is not on the disk",
  damaged: "its file is not the one that was exported",
}

/**
 * Which clips are not on the disk as they were exported, in memory: nothing is deleted, and no row is changed.
 *
 * Looks at each file by its size alone.
 */
export class ClipFaults extends Context.Service<
  ClipFaults,
  {
    /** As the last look found it; null before the first. */
    of(clipId: string): ClipFault | null
    /** Looks at all clips that are ready; where disk or database do not answer, what is known stays. */
    readonly look: Effect.Effect<void>
  }
>()("vigia/repair/ClipFaults") {
  static readonly layer: Layer.Layer<ClipFaults, never, Clips | RecordingsDirectory> = Layer.effect(
    ClipFaults,
    Effect.gen(function* () {
      const clips = yield* Clips
      const directory = yield* RecordingsDirectory
      let faults: ReadonlyMap<string, ClipFault> = new Map()

      /** One that is being deleted loses its file after its row. */
      const isStillReady = ({ id }: ReadyClip) =>
        clips.get(id).pipe(
          Effect.map(({ state }) => state === "ready"),
          Effect.catchTag("ClipNotFound", () => Effect.succeed(false)),
        )

      const tell = Effect.fnUntraced(function* (
        news: ReadonlyArray<{ readonly clip: ReadyClip; readonly fault: ClipFault | null }>,
      ) {
        for (const { clip, fault } of news.slice(0, loggedClips)) {
          yield* (
            fault === null
              ? Effect.logInfo(`clip ${clip.filePath} is there again, as it was exported`)
              : Effect.logError(`clip ${clip.filePath} is ${fault}: ${texts[fault]}`)
          ).pipe(Effect.annotateLogs("camera_id", clip.cameraId))
        }
        const more = news.length - loggedClips
        if (more > 0) yield* Effect.logError(`${more} more clips are missing, damaged or there again`)
      })

      const look = Effect.gen(function* () {
        // Where the disk is not mounted, no clip is gone.
        yield* directory.assertPresent
        const found = new Map<string, ClipFault>()
        const news: Array<{ readonly clip: ReadyClip; readonly fault: ClipFault | null }> = []
        for (const clip of yield* clips.ready) {
          const path = join(directory.path, clip.filePath)
          const fault = yield* Effect.promise(() => faultOf(path, clip.sizeBytes))
          const known = faults.get(clip.id) ?? null
          if (fault !== null && fault !== known && !(yield* isStillReady(clip))) continue
          if (fault !== null) found.set(clip.id, fault)
          if (fault !== known) news.push({ clip, fault })
        }
        // The disk may have gone meanwhile.
        yield* directory.assertPresent
        faults = found
        yield* tell(news)
      }).pipe(
        Effect.catch((error) => Effect.logWarning(`the files of clips were not looked at: ${error._tag}`)),
        Effect.withSpan("ClipFaults.look"),
      )

      return ClipFaults.of({ of: (clipId) => faults.get(clipId) ?? null, look })
    }),
  )
}
