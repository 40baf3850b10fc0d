import * as Effect from "effect/Effect"
import { steadyMillis } from "../domain/steadyMillis.ts"
import type { EventJournal } from "../events/EventJournal.ts"
import type { EvictionCandidate, EvictionCandidates } from "../storage/EvictionCandidates.ts"
import type { OwnerAccount } from "../storage/StorageAccounts.ts"
import type { Deletion } from "./Deletion.ts"
import { type Eviction, noteEviction } from "./noteEviction.ts"
import { RefusedFiles } from "./RefusedFiles.ts"

export interface BatchServices {
  readonly deletion: Deletion["Service"]
  readonly candidates: EvictionCandidates["Service"]
  readonly publish: EventJournal["Service"]["publish"]
}

/** Few, so that the disk is asked again soon. */
const batchFiles = 16

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, one) => total + one, 0)

/** Finds recordings that may go before their time, and deletes them a few at a time. */
export const makeEvictionBatches = ({ deletion, candidates, publish }: BatchServices) => {
  const refusals = new RefusedFiles()
  /** While nothing can be deleted, one file says so as well as a batch. */
  let filesAtOnce = batchFiles

  /** Files, or directories with all that they hold, that cannot go now. */
  const stayingOf = Effect.fnUntraced(function* (
    cameraIds: ReadonlyArray<number>,
    passedOver: ReadonlySet<string>,
  ) {
    return [...refusals.current(yield* steadyMillis), ...deletion.keptBack(cameraIds), ...passedOver]
  })

  /** The oldest recordings of each camera that may go, enough for a batch. */
  const oldest = Effect.fnUntraced(function* (
    cameraIds: ReadonlyArray<number>,
    passedOver: ReadonlySet<string>,
  ) {
    return yield* candidates.oldest(cameraIds, filesAtOnce, yield* stayingOf(cameraIds, passedOver))
  })

  /** All recordings that may go now: reads the rows of all. */
  const evictable = Effect.fnUntraced(function* (
    cameraIds: ReadonlyArray<number>,
    passedOver: ReadonlySet<string>,
  ) {
    return yield* candidates.evictable(cameraIds, yield* stayingOf(cameraIds, passedOver))
  })

  /** Answers what is gone; what came into use, or was protected, since it was chosen is added to `passedOver`. */
  const evict = Effect.fnUntraced(function* (
    chosen: ReadonlyArray<EvictionCandidate>,
    reason: Eviction["reason"],
    owners: ReadonlyArray<OwnerAccount>,
    passedOver: Set<string>,
  ) {
    const { removedIds, freedBytes, failures } = yield* deletion.remove(chosen)
    const failed = new Set(failures.map(({ filePath }) => filePath))
    const gone = chosen.filter(({ id }) => removedIds.has(id))
    const silent = chosen.filter(({ id, filePath }) => !removedIds.has(id) && !failed.has(filePath))
    for (const { filePath } of silent) passedOver.add(filePath)
    const tried = chosen.filter((one) => !silent.includes(one)).map(({ filePath }) => filePath)
    refusals.note(tried, failed, yield* steadyMillis)
    const isRefused = failed.size > 0 && gone.length === 0
    filesAtOnce = isRefused ? 1 : batchFiles
    for (const [cameraId, files] of Map.groupBy(gone, (one) => one.cameraId)) {
      const eviction: Eviction = {
        reason,
        cameraId,
        ownerId: owners.find(({ cameras }) => cameras.some(({ id }) => id === cameraId))?.id ?? null,
        files: files.length,
        bytes: sum(files.map(({ sizeBytes }) => sizeBytes)),
        fromMillis: Math.min(...files.map(({ startMillis }) => startMillis)),
        toMillis: Math.max(...files.map(({ endMillis }) => endMillis)),
      }
      yield* noteEviction(eviction, publish)
    }
    return { gone, freedBytes, isRefused }
  })

  return { mostFiles: () => filesAtOnce, oldest, evictable, evict }
}
