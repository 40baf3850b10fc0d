import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Catalog } from "../Catalog.ts"
import { Durability } from "./Durability.ts"
import type { RecordedFile } from "./recordingPaths.ts"

/**
 * Syncs the growing files and their indexes every `syncIntervalMillis`: what a power cut may take of them.
 *
 * A file that closed since the last time is synced once more, so that a database that is away makes no difference.
 */
export const growingSyncLayer = (options: {
  readonly syncIntervalMillis: number
}): Layer.Layer<never, never, Catalog | Durability> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const catalog = yield* Catalog
      const durability = yield* Durability
      let before: ReadonlyArray<RecordedFile> = []
      const syncOnce = Effect.suspend(() => {
        const growing = catalog.growingFiles()
        const paths = new Set(growing.map(({ filePath }) => filePath))
        const closed = before.filter(({ filePath }) => !paths.has(filePath))
        before = growing
        return durability.syncGrowing(growing, closed)
      })
      yield* syncOnce.pipe(Effect.delay(options.syncIntervalMillis), Effect.forever, Effect.forkScoped)
    }),
  )
