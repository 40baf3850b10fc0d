import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { Catalog } from "../storage/Catalog.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { DeletionStore, type ExpiredCursor, type MarkedBatch } from "../storage/DeletionStore.ts"
import type { Cutoff } from "../storage/ExpiredRecordings.ts"
import type { EvictionCandidate } from "../storage/EvictionCandidates.ts"
import { ExportSources } from "../storage/ExportSources.ts"
import {
  type DirectoryUnusable,
  type MarkerMissing,
  RecordingsDirectory,
} from "../storage/RecordingsDirectory.ts"
import { FileRemoval, type RemovalFailed } from "./FileRemoval.ts"
import { filesInUse } from "./filesInUse.ts"
import { withoutHeld } from "./withoutHeld.ts"

/** A file that stays; `code` is that of the file system (`EACCES`), or `refused` for what is no file of ours. */
export interface DeletionFailure {
  readonly filePath: string
  readonly code: string
}

export interface DeletionResult {
  /** Of which any recording is gone. */
  readonly cameraIds: ReadonlyArray<number>
  /** Recordings that are gone, file and row. */
  readonly removed: number
  readonly freedBytes: number
  readonly failures: ReadonlyArray<DeletionFailure>
}

/** Of recordings that were named. */
export interface NamedDeletionResult extends DeletionResult {
  /** Ids of the recordings that are gone: not those that were passed over, nor those that failed. */
  readonly removedIds: ReadonlySet<number>
}

/** Why nothing, or not all, was looked at; what was deleted until then is deleted, what was marked is finished later. */
export type DeletionError = DatabaseUnavailable | MarkerMissing | DirectoryUnusable | RemovalFailed

/** Rows of one transaction, and files of one request to the thread: about 50 ms of each. */
export const batchRecordings = 2_000
/** Failures that are logged one by one in a life of the service. */
const loggedFailures = 1_000

const nothing: NamedDeletionResult = {
  cameraIds: [],
  removed: 0,
  freedBytes: 0,
  failures: [],
  removedIds: new Set(),
}

/** A batch that is finished: its rows are settled. */
interface Finished {
  readonly result: DeletionResult
  /** Paths of what was marked and is still there, failed or held. */
  readonly keptPaths: ReadonlyArray<string>
}

/** Which of the named recordings were marked, and are gone. */
const removedIdsOf = (
  recordings: ReadonlyArray<EvictionCandidate>,
  { files }: MarkedBatch,
  keptPaths: ReadonlyArray<string>,
): ReadonlySet<number> => {
  const gone = new Set(files.flatMap(({ filePaths }) => filePaths.split("\n")))
  for (const filePath of keptPaths) gone.delete(filePath)
  return new Set(recordings.filter(({ filePath }) => gone.has(filePath)).map(({ id }) => id))
}

/**
 * The one procedure that deletes recordings: mark the rows, unlink the files, remove the rows, then empty days.
 *
 * Whatever step a crash leaves, `finishInterrupted` takes on from there. Never touched are clips, protected and growing
 * recordings, files that the catalog is busy with or an export reads, and whatever is not a regular file at a path of
 * our own. A file that cannot be deleted stays with its row, as a failure, and keeps back no other.
 */
export class Deletion extends Context.Service<
  Deletion,
  {
    /** Files of these cameras that are not deleted now: the catalog is busy with them, or an export reads them. */
    keptBack(cameraIds: ReadonlyArray<number>): ReadonlySet<string>
    /** Evicts what may be deleted of these, a batch at most; what may not is passed over in silence. */
    remove(recordings: ReadonlyArray<EvictionCandidate>): Effect.Effect<NamedDeletionResult, DeletionError>
    /** Deletes what has expired of groups of cameras, batch by batch; `onRemoved` is told of each. */
    removeExpired(
      groups: ReadonlyArray<ReadonlyArray<Cutoff>>,
      onRemoved: (result: DeletionResult) => void,
    ): Effect.Effect<void, DeletionError>
    /** Finishes what was marked and is still there, such as by an earlier life of the service. */
    finishInterrupted(onRemoved: (result: DeletionResult) => void): Effect.Effect<void, DeletionError>
  }
>()("vigia/cleanup/Deletion") {
  static readonly layerNoDeps = Layer.effect(
    Deletion,
    Effect.gen(function* () {
      const catalog = yield* Catalog
      const exportSources = yield* ExportSources
      const store = yield* DeletionStore
      const directory = yield* RecordingsDirectory
      const files = yield* FileRemoval
      // Rows of one batch are marked while the files of another are unlinked, each one batch at a time.
      const marking = yield* Semaphore.make(1)
      const unlinking = yield* Semaphore.make(1)
      /** Marked by this life, and somebody works on it. */
      const inHand = new Set<number>()
      const logged = new Set<string>()

      const keptBack = (cameraIds: ReadonlyArray<number>): ReadonlySet<string> =>
        new Set([...filesInUse(catalog, new Set(cameraIds)), ...exportSources.held()])

      const noteFailure = ({ filePath, code }: DeletionFailure): Effect.Effect<void> =>
        Effect.suspend(() => {
          if (logged.has(filePath) || logged.size >= loggedFailures) return Effect.void
          logged.add(filePath)
          return Effect.logError(`cannot delete ${filePath}: ${code}`)
        })

      const unlink = Effect.fnUntraced(function* ({ files: marked }: MarkedBatch) {
        // A file system that is not mounted holds no files, and they are not gone.
        yield* directory.assertPresent
        const today = new Date(yield* Clock.currentTimeMillis).toISOString().slice(0, 10)
        // An export may have come to hold files since they were marked.
        const { doomed, heldPaths } = withoutHeld(marked, exportSources.held())
        return { ...(yield* files.unlink({ files: doomed, today })), heldPaths }
      })

      /** Files, then rows: where this ends in between, the batch is finished later. */
      const finish = Effect.fnUntraced(function* (batch: MarkedBatch) {
        const { freedBytes, left, heldPaths } = yield* unlinking.withPermit(unlink(batch))
        const keptPaths = [...left.map(({ filePath }) => filePath), ...heldPaths]
        yield* store.settle(batch.batchId, keptPaths)
        yield* Effect.forEach(left, noteFailure, { discard: true })
        const result: DeletionResult = {
          cameraIds: batch.files.map(({ cameraId }) => cameraId),
          removed: batch.recordings - keptPaths.length,
          freedBytes,
          failures: left,
        }
        return { result, keptPaths } satisfies Finished
      })

      const letGo = (batch: MarkedBatch) =>
        Effect.suspend(() => {
          inHand.delete(batch.batchId)
          // The sums of all rows: taken once, when nothing more is being deleted.
          return inHand.size === 0 ? catalog.recount : Effect.void
        })

      /** What is marked is in hand before anybody else can list it. */
      const takeInHand = <Batch extends MarkedBatch>(
        mark: Effect.Effect<Batch | null, DatabaseUnavailable>,
      ): Effect.Effect<Batch | null, DatabaseUnavailable> =>
        Effect.tap(mark, (batch) =>
          Effect.sync(() => {
            if (batch !== null) inHand.add(batch.batchId)
          }),
        ).pipe((alone) => marking.withPermit(alone))

      const finishInHand = <A>(batch: MarkedBatch, use: (finished: Finished) => A) =>
        Effect.ensuring(Effect.interruptible(Effect.map(finish(batch), use)), letGo(batch))

      const tell =
        (onRemoved: (result: DeletionResult) => void) =>
        ({ result }: Finished): void =>
          onRemoved(result)

      const remove = Effect.fn("Deletion.remove")(function* (recordings: ReadonlyArray<EvictionCandidate>) {
        yield* directory.assertPresent
        const nowMillis = yield* Clock.currentTimeMillis
        // Within the permit: while it was waited for, files may have come into use.
        const mark = Effect.suspend(() => {
          const inUse = keptBack(recordings.map(({ cameraId }) => cameraId))
          const ids = recordings.filter(({ filePath }) => !inUse.has(filePath)).map(({ id }) => id)
          return store.mark(ids, "evicted", nowMillis)
        })
        return yield* Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(takeInHand(restore(mark)), (batch) =>
            batch === null
              ? Effect.succeed(nothing)
              : finishInHand(batch, ({ result, keptPaths }) => ({
                  ...result,
                  removedIds: removedIdsOf(recordings, batch, keptPaths),
                })),
          ),
        )
      })

      /** Marks a batch, and begins to unlink its files; null where nothing more has expired. */
      const begin = Effect.fnUntraced(function* (
        cutoffs: ReadonlyArray<Cutoff>,
        after: ExpiredCursor | null,
        onRemoved: (result: DeletionResult) => void,
      ) {
        yield* directory.assertPresent
        const nowMillis = yield* Clock.currentTimeMillis
        // Within the permit, as there.
        const mark = Effect.suspend(() => {
          const except = keptBack(cutoffs.map(({ cameraId }) => cameraId))
          return store.markExpired({ cutoffs, after, except, limit: batchRecordings }, nowMillis)
        })
        return yield* Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* () {
            const batch = yield* takeInHand(restore(mark))
            if (batch === null) return null
            return {
              last: batch.last,
              finishing: yield* Effect.forkScoped(finishInHand(batch, tell(onRemoved))),
            }
          }),
        )
      })

      const removeExpired = Effect.fn("Deletion.removeExpired")(function* (
        groups: ReadonlyArray<ReadonlyArray<Cutoff>>,
        onRemoved: (result: DeletionResult) => void,
      ) {
        let before: Fiber.Fiber<void, DeletionError> | null = null
        for (const cutoffs of groups) {
          let batch = yield* begin(cutoffs, null, onRemoved)
          while (batch !== null) {
            // While the files of this batch are unlinked the next one is marked.
            if (before !== null) yield* Fiber.join(before)
            before = batch.finishing
            batch = yield* begin(cutoffs, batch.last, onRemoved)
          }
        }
        if (before !== null) yield* Fiber.join(before)
      }, Effect.scoped)

      /** Finishes the next batch after that one, unless somebody works on it; null where there is none. */
      const finishNext = (afterBatchId: number, onRemoved: (result: DeletionResult) => void) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* () {
            // One that is settled while the database is asked must not be taken from what it answers.
            const busy = new Set(inHand)
            const batch = yield* restore(marking.withPermit(store.nextMarked(afterBatchId)))
            if (batch === null || busy.has(batch.batchId) || inHand.has(batch.batchId)) return batch
            inHand.add(batch.batchId)
            yield* finishInHand(batch, tell(onRemoved))
            return batch
          }),
        )

      const finishInterrupted = Effect.fn("Deletion.finishInterrupted")(function* (
        onRemoved: (result: DeletionResult) => void,
      ) {
        let batch = yield* finishNext(0, onRemoved)
        while (batch !== null) batch = yield* finishNext(batch.batchId, onRemoved)
      })

      return Deletion.of({ keptBack, remove, removeExpired, finishInterrupted })
    }),
  )

  static readonly layer = this.layerNoDeps.pipe(Layer.provide([DeletionStore.layer, FileRemoval.layer]))
}
