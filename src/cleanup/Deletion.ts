import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { Catalog } from "../storage/Catalog.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { DeletionStore, type MarkedRecording } from "../storage/DeletionStore.ts"
import {
  type DirectoryUnusable,
  type MarkerMissing,
  RecordingsDirectory,
} from "../storage/RecordingsDirectory.ts"
import { FileRemoval, type RemovalFailed } from "./FileRemoval.ts"
import { filesInUse } from "./filesInUse.ts"

/** A recording to be deleted; `filePath` is relative to the recordings directory. */
export interface DoomedRecording {
  readonly id: number
  readonly cameraId: number
  readonly filePath: string
  readonly sizeBytes: number
  readonly startMillis: number
  readonly endMillis: number
}

export type DeletionReason = "expired" | "evicted" | "asked"

/** A file that stays; `code` is that of the file system (`EACCES`), or `refused` for what is no file of ours. */
export interface DeletionFailure {
  readonly filePath: string
  readonly code: string
}

export interface DeletionResult {
  /** Recordings that are gone, file and row. */
  readonly removed: number
  readonly freedBytes: number
  readonly failures: ReadonlyArray<DeletionFailure>
}

/** Why nothing, or not all, was looked at; what was deleted until then is deleted, what was marked is finished later. */
export type DeletionError = DatabaseUnavailable | MarkerMissing | DirectoryUnusable | RemovalFailed

/** Rows of one transaction, and files of one request to the thread. */
const batchRows = 1_000
/** Failures that are logged one by one in a life of the service. */
const loggedFailures = 1_000

const nothing: DeletionResult = { removed: 0, freedBytes: 0, failures: [] }

const sum = (a: DeletionResult, b: DeletionResult): DeletionResult => ({
  removed: a.removed + b.removed,
  freedBytes: a.freedBytes + b.freedBytes,
  failures: [...a.failures, ...b.failures],
})

/**
 * The one procedure that deletes recordings: mark the rows, unlink the files, remove the rows, then empty days.
 *
 * Whatever step a crash leaves, `finishInterrupted` takes on from there. Never touched are clips, protected and growing
 * recordings, files that the catalog is busy with, and whatever is not a regular file at a path of our own.
 */
export class Deletion extends Context.Service<
  Deletion,
  {
    /**
     * Deletes what may be deleted of these, and answers when it is done; what may not is passed over in silence.
     *
     * A file that cannot be deleted stays with its row, as a failure, and keeps back no other.
     */
    remove(
      recordings: ReadonlyArray<DoomedRecording>,
      reason: DeletionReason,
    ): Effect.Effect<DeletionResult, DeletionError>
    /** Finishes what was marked and is still there, such as by an earlier life of the service. */
    readonly finishInterrupted: Effect.Effect<DeletionResult, DeletionError>
  }
>()("vigia/cleanup/Deletion") {
  static readonly layerNoDeps = Layer.effect(
    Deletion,
    Effect.gen(function* () {
      const catalog = yield* Catalog
      const store = yield* DeletionStore
      const directory = yield* RecordingsDirectory
      const files = yield* FileRemoval
      // Rows of one batch are marked while the files of another are unlinked, each one batch at a time.
      const marking = yield* Semaphore.make(1)
      const unlinking = yield* Semaphore.make(1)
      /** Marked by this life, and somebody works on it. */
      const inHand = new Set<number>()
      const logged = new Set<string>()

      const noteFailure = ({ filePath, code }: DeletionFailure): Effect.Effect<void> =>
        Effect.suspend(() => {
          if (logged.has(filePath) || logged.size >= loggedFailures) return Effect.void
          logged.add(filePath)
          return Effect.logError(`cannot delete ${filePath}: ${code}`)
        })

      const unlinkMarked = Effect.fnUntraced(function* (marked: ReadonlyArray<MarkedRecording>) {
        // A file system that is not mounted holds no files, and they are not gone.
        yield* directory.assertPresent
        const today = new Date(yield* Clock.currentTimeMillis).toISOString().slice(0, 10)
        const outcomes = yield* files.unlink({
          files: marked.map(({ cameraId, identity, filePath }) => ({ cameraId, identity, filePath })),
          today,
        })
        const gone: Array<number> = []
        const kept: Array<number> = []
        const failures: Array<DeletionFailure> = []
        let freedBytes = 0
        for (const [at, { id, filePath }] of marked.entries()) {
          const outcome = outcomes[at]
          if (outcome === undefined) continue
          if (outcome.type === "gone") gone.push(id)
          else failures.push({ filePath, code: outcome.code })
          if (outcome.type === "kept") kept.push(id)
          else freedBytes += outcome.freedBytes
        }
        if (gone.length > 0) yield* store.remove(gone)
        if (kept.length > 0) yield* store.unmark(kept)
        yield* Effect.forEach(failures, noteFailure, { discard: true })
        return { removed: gone.length, freedBytes, failures }
      })

      const removeBatch = Effect.fnUntraced(function* (
        recordings: ReadonlyArray<DoomedRecording>,
        reason: DeletionReason,
      ) {
        yield* directory.assertPresent
        const inUse = filesInUse(catalog, new Set(recordings.map(({ cameraId }) => cameraId)))
        const free = recordings.filter(({ filePath }) => !inUse.has(filePath))
        if (free.length === 0) return nothing
        const ids = free.map(({ id }) => id)
        const work = Effect.gen(function* () {
          for (const id of ids) inHand.add(id)
          const marked = yield* marking.withPermit(
            Effect.flatMap(Clock.currentTimeMillis, (nowMillis) => store.mark(ids, reason, nowMillis)),
          )
          return marked.length === 0 ? nothing : yield* unlinking.withPermit(unlinkMarked(marked))
        })
        // The sums of all rows: taken once, when nothing more is being deleted.
        const done = Effect.suspend(() => {
          for (const id of ids) inHand.delete(id)
          return inHand.size === 0 ? catalog.recount : Effect.void
        })
        return yield* Effect.ensuring(work, done)
      })

      const remove = Effect.fn("Deletion.remove")(function* (
        recordings: ReadonlyArray<DoomedRecording>,
        reason: DeletionReason,
      ) {
        let result = nothing
        for (let from = 0; from < recordings.length; from += batchRows) {
          const batch = recordings.slice(from, from + batchRows)
          result = sum(result, yield* removeBatch(batch, reason))
        }
        return result
      })

      const finishAfter = Effect.fnUntraced(function* (afterId: number) {
        const marked = yield* store.listMarked(afterId, batchRows)
        const last = marked.at(-1)
        const left = marked.filter(({ id }) => !inHand.has(id))
        return last === undefined ? null : { done: yield* unlinkMarked(left), lastId: last.id }
      })

      const finishInterrupted = Effect.gen(function* () {
        let result = nothing
        let next = yield* unlinking.withPermit(finishAfter(0))
        while (next !== null) {
          result = sum(result, next.done)
          next = yield* unlinking.withPermit(finishAfter(next.lastId))
        }
        if (result !== nothing) yield* catalog.recount
        return result
      }).pipe(Effect.withSpan("Deletion.finishInterrupted"))

      return Deletion.of({ remove, finishInterrupted })
    }),
  )

  static readonly layer = this.layerNoDeps.pipe(Layer.provide([DeletionStore.layer, FileRemoval.layer]))
}
