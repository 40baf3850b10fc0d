import * as Effect from "effect/Effect"
import type { Catalog } from "../storage/Catalog.ts"
import type { EvictionCandidates } from "../storage/EvictionCandidates.ts"
import type { DiskSpace } from "../storage/RecordingsDirectory.ts"
import type { OwnerAccount, StorageAccounts } from "../storage/StorageAccounts.ts"
import type { Deletion, DoomedRecording } from "./Deletion.ts"
import { bytesToFree, type DiskLimits } from "./diskLimits.ts"
import { evictionOrder, oldestFirst } from "./evictionOrder.ts"
import { filesInUse } from "./filesInUse.ts"

/** What evictions work with. */
export interface EvictionServices {
  readonly deletion: Deletion["Service"]
  readonly candidates: EvictionCandidates["Service"]
  readonly accounts: StorageAccounts["Service"]
  readonly catalog: Catalog["Service"]
}

/** Few, so that the disk is asked again soon. */
const batchFiles = 16

/** The catalog keeps the last few files of a camera in use: they must not hide older ones. */
const mostInUse = 4

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, one) => total + one, 0)

const instant = (millis: number): string => new Date(millis).toISOString()

/** One line for each camera of a batch. */
const logEvicted = (
  evicted: ReadonlyArray<DoomedRecording>,
  reason: "disk" | "quota",
  ownerOf: ReadonlyMap<number, number>,
): Effect.Effect<void> =>
  Effect.forEach(
    Map.groupBy(evicted, ({ cameraId }) => cameraId),
    ([cameraId, files]) =>
      Effect.logWarning(
        reason === "disk"
          ? "evicted recordings: the disk is too full"
          : "evicted recordings: they were over their quota",
      ).pipe(
        Effect.annotateLogs({
          reason,
          camera_id: cameraId,
          owner_id: ownerOf.get(cameraId) ?? null,
          files: files.length,
          bytes: sum(files.map(({ sizeBytes }) => sizeBytes)),
          from: instant(Math.min(...files.map(({ startMillis }) => startMillis))),
          to: instant(Math.max(...files.map(({ endMillis }) => endMillis))),
        }),
      ),
    { discard: true },
  )

/** Deletes recordings before their time: where the disk is too full, or somebody uses more than his quota. */
export const makeEvictions = ({ deletion, candidates, accounts, catalog }: EvictionServices) => {
  const countedBytes = (cameraIds: ReadonlyArray<number>): number =>
    sum(cameraIds.map((id) => catalog.snapshot(id).totalBytes))

  /** The oldest recordings of each camera that may go, enough for a batch. */
  const oldest = (cameraIds: ReadonlyArray<number>, refused: ReadonlySet<string>) =>
    Effect.suspend(() => {
      const inUse = filesInUse(catalog, new Set(cameraIds))
      return Effect.map(candidates.oldest(cameraIds, batchFiles + refused.size + mostInUse), (found) =>
        found.filter(({ filePath }) => !refused.has(filePath) && !inUse.has(filePath)),
      )
    })

  /** Answers what was deleted; what could not be is added to `refused`. */
  const evict = Effect.fnUntraced(function* (
    chosen: ReadonlyArray<DoomedRecording>,
    reason: "disk" | "quota",
    owners: ReadonlyArray<OwnerAccount>,
    refused: Set<string>,
  ) {
    const { removed, failures } = yield* deletion.remove(chosen, "evicted")
    for (const { filePath } of failures) refused.add(filePath)
    // What was passed over in silence came into use, or was protected, since it was chosen.
    if (removed === 0) for (const { filePath } of chosen) refused.add(filePath)
    const evicted = removed === 0 ? [] : chosen.filter(({ filePath }) => !refused.has(filePath))
    const ownerOf = new Map(owners.flatMap(({ id, cameras }) => cameras.map((camera) => [camera.id, id])))
    yield* logEvicted(evicted, reason, ownerOf)
    return evicted
  })

  /**
   * Evicts in small batches until the disk is well below its limits, or nothing is left that may go.
   *
   * The disk is asked again before each batch; where it does not answer, nothing more is deleted.
   */
  const relieve = Effect.fn("evictions.relieve")(function* (
    probe: Effect.Effect<DiskSpace | null>,
    limits: DiskLimits,
  ) {
    const owners = yield* accounts.list
    const cameraIds = owners.flatMap(({ cameras }) => cameras.map(({ id }) => id))
    const used = new Map(cameraIds.map((id) => [id, countedBytes([id])]))
    const bytesOf = (owner: OwnerAccount) => sum(owner.cameras.map(({ id }) => used.get(id) ?? 0))
    const refused = new Set<string>()
    const sharing = Math.max(1, owners.filter((owner) => bytesOf(owner) > 0).length)
    for (;;) {
      const space = yield* probe
      if (space === null) return
      const neededBytes = bytesToFree(space, limits)
      if (neededBytes <= 0) return
      const evictable = Map.groupBy(yield* oldest(cameraIds, refused), ({ cameraId }) => cameraId)
      const uses = owners.map((owner) => ({
        ownerId: owner.id,
        bytes: bytesOf(owner),
        shareBytes: owner.quotaBytes ?? space.totalBytes / sharing,
        evictable: owner.cameras.flatMap(({ id }) => evictable.get(id) ?? []),
      }))
      const chosen = evictionOrder(uses, neededBytes, batchFiles)
      if (chosen.length === 0) return
      for (const { cameraId, sizeBytes } of yield* evict(chosen, "disk", owners, refused)) {
        used.set(cameraId, (used.get(cameraId) ?? 0) - sizeBytes)
      }
    }
  })

  const keepWithin = Effect.fnUntraced(function* (
    quotaBytes: number | null,
    cameraIds: ReadonlyArray<number>,
    owners: ReadonlyArray<OwnerAccount>,
  ) {
    if (quotaBytes === null || countedBytes(cameraIds) <= quotaBytes) return
    const refused = new Set<string>()
    for (;;) {
      // Exactly: the counters may still hold what was just deleted.
      const excessBytes = (yield* candidates.bytesOf(cameraIds)) - quotaBytes
      const chosen = oldestFirst(yield* oldest(cameraIds, refused), excessBytes).slice(0, batchFiles)
      if (chosen.length === 0) return
      yield* evict(chosen, "quota", owners, refused)
    }
  })

  /** Evicts the oldest recordings of each camera, then of each owner, that is over its quota. */
  const enforceQuotas = Effect.fn("evictions.enforceQuotas")(function* () {
    const owners = yield* accounts.list
    for (const owner of owners) {
      for (const { id, quotaBytes } of owner.cameras) yield* keepWithin(quotaBytes, [id], owners)
      const cameraIds = owner.cameras.map(({ id }) => id)
      yield* keepWithin(owner.quotaBytes, cameraIds, owners)
    }
  })

  return { relieve, enforceQuotas }
}
