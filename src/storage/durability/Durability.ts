import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type { CatalogBatch } from "../catalogBatch.ts"
import { RecordingsDirectory } from "../RecordingsDirectory.ts"
import { makeFileSync, type SyncHealth } from "./FileSync.ts"
import { openIndexOf, type RecordedFile } from "./recordingPaths.ts"
import { RowBarrier } from "./RowBarrier.ts"
import { isOwnPath } from "./SyncShell.ts"

/** How what was recorded gets onto the medium. */
export interface DurabilityHealth {
  /** The periodic sync of growing files. */
  readonly growing: SyncHealth
  /** The sync of files and directories before their rows are committed. */
  readonly rows: SyncHealth
}

/**
 * How long a commit waits for the disk. Rows whose files are not synced by then are left to the next one; the last
 * one of a service that ends has 4 s in all.
 */
const commitPatienceMillis = 2_000

/** From here on one sync of the file system is cheaper than one for each file. */
const manyPaths = 64

/**
 * Brings what was recorded onto the medium before anybody relies on it.
 *
 * Two processes sync, one the growing files and one what rows are about to claim: at most two syncs are in flight,
 * and one that hangs delays no fragment, no request and no row but those of the files it is about.
 */
export class Durability extends Context.Service<
  Durability,
  {
    /** Begins a sync of files that FFmpeg writes, and of their indexes; nothing while the last has not answered. */
    readonly syncGrowing: (
      growing: ReadonlyArray<RecordedFile>,
      closed: ReadonlyArray<RecordedFile>,
    ) => Effect.Effect<void>
    /**
     * What of a batch may be committed now: all but the rows of files that the medium does not hold as they say.
     *
     * Syncs those files, their indexes and new directories first, and waits for that, at most 2 s.
     */
    readonly committable: (batch: CatalogBatch) => Effect.Effect<CatalogBatch>
    readonly health: () => DurabilityHealth
  }
>()("vigia/storage/Durability") {
  static readonly layer: Layer.Layer<Durability, never, RecordingsDirectory> = Layer.effect(
    Durability,
    Effect.gen(function* () {
      const { path } = yield* RecordingsDirectory
      const growingSync = yield* makeFileSync(path)
      const rowSync = yield* makeFileSync(path)
      const barrier = new RowBarrier()

      const syncGrowing = Effect.fn("Durability.syncGrowing")(function* (
        growing: ReadonlyArray<RecordedFile>,
        closed: ReadonlyArray<RecordedFile>,
      ) {
        const paths = [
          ...growing.flatMap((file) => [file.filePath, openIndexOf(file)]),
          ...closed.map(({ filePath }) => filePath),
        ].filter(isOwnPath)
        if (paths.length > 0) yield* growingSync.begin("data", paths)
      })

      const committable = Effect.fn("Durability.committable")(function* (batch: CatalogBatch) {
        const waiting = batch.recordings.filter((row) => !barrier.mayCommit(row))
        const paths = barrier.pathsOf(waiting)
        if (paths.length > 0) {
          const sync = yield* paths.length > manyPaths
            ? rowSync.begin("file_system", ["."])
            : rowSync.begin("whole", paths)
          if (sync !== null) {
            // Noted also when nobody waits for it any more.
            sync.addObserver((exit) => {
              if (Exit.isSuccess(exit)) barrier.synced(waiting)
            })
            yield* Effect.ignore(Effect.timeoutOption(Fiber.join(sync), commitPatienceMillis))
          }
        }
        return { ...batch, recordings: batch.recordings.filter((row) => barrier.mayCommit(row)) }
      })

      return Durability.of({
        syncGrowing,
        committable,
        health: () => ({ growing: growingSync.health(), rows: rowSync.health() }),
      })
    }),
  )
}
