import * as Effect from "effect/Effect"
import type { EventJournal } from "../events/EventJournal.ts"
import type { Catalog } from "../storage/Catalog.ts"
import type { EvictionCandidates } from "../storage/EvictionCandidates.ts"
import type { DiskSpace } from "../storage/RecordingsDirectory.ts"
import type { OwnerAccount, StorageAccounts } from "../storage/StorageAccounts.ts"
import type { Deletion, DoomedRecording } from "./Deletion.ts"
import { type DiskLimits, isNothing, type Room, roomToFree } from "./diskLimits.ts"
import { evictionOrder, oldestFirst, type OwnerUse, shareOf } from "./evictionOrder.ts"
import { filesInUse } from "./filesInUse.ts"
import { steadyMillis } from "../domain/steadyMillis.ts"
import { type Eviction, noteEviction } from "./noteEviction.ts"
import { RefusedFiles } from "./RefusedFiles.ts"

/** What evictions work with. */
export interface EvictionServices {
  readonly deletion: Deletion["Service"]
  readonly candidates: EvictionCandidates["Service"]
  readonly accounts: StorageAccounts["Service"]
  readonly catalog: Catalog["Service"]
  readonly publish: EventJournal["Service"]["publish"]
}

/** Few, so that the disk is asked again soon. */
const batchFiles = 16

/** The catalog keeps the last few files of a camera in use: they must not hide older ones. */
const mostInUse = 4

/** A recording and its index. */
const filesOfRecording = 2

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, one) => total + one, 0)

/**
 * Why an eviction ended before there was room.
 *
 * - `nothing_evictable`: what is left is protected, or grows
 * - `out_of_reach`: others take so much that the goal would not be reached with all recordings gone; none is deleted
 * - `undeletable`: the file system refused all files of a batch
 */
export type EvictionObstacle = "nothing_evictable" | "out_of_reach" | "undeletable"

/** What became of an eviction. */
export interface Relief {
  /** The disk before it; null where that did not answer. */
  readonly before: DiskSpace | null
  /** What went, of what was to be freed: `files` is 0 where only bytes were needed, and the other way round. */
  readonly freed: Room
  readonly obstacle: EvictionObstacle | null
}

/** The recordings to delete next, where both of these are short. */
const choose = (uses: ReadonlyArray<OwnerUse>, { bytes, files }: Room, mostFiles: number) => {
  const forBytes = evictionOrder(uses, bytes, mostFiles)
  const forFiles = evictionOrder(uses, Infinity, Math.min(mostFiles, Math.ceil(files / filesOfRecording)))
  return forFiles.length > forBytes.length ? forFiles : forBytes
}

/** Deletes recordings before their time: where the disk is too full, or somebody uses more than his quota. */
export const makeEvictions = ({ deletion, candidates, accounts, catalog, publish }: EvictionServices) => {
  const refusals = new RefusedFiles()
  /** While nothing can be deleted, one file says so as well as a batch. */
  let filesAtOnce = batchFiles

  const countedBytes = (cameraIds: ReadonlyArray<number>): number =>
    sum(cameraIds.map((id) => catalog.snapshot(id).totalBytes))

  /** The oldest recordings of each camera that may go, enough for a batch. */
  const oldest = Effect.fnUntraced(function* (
    cameraIds: ReadonlyArray<number>,
    passedOver: ReadonlySet<string>,
  ) {
    const except = [...refusals.current(yield* steadyMillis), ...passedOver]
    const inUse = filesInUse(catalog, new Set(cameraIds))
    const found = yield* candidates.oldest(cameraIds, filesAtOnce + mostInUse, except)
    return found.filter(({ filePath }) => !inUse.has(filePath))
  })

  /** Answers what is gone; what came into use, or was protected, since it was chosen is added to `passedOver`. */
  const evict = Effect.fnUntraced(function* (
    chosen: ReadonlyArray<DoomedRecording>,
    reason: Eviction["reason"],
    owners: ReadonlyArray<OwnerAccount>,
    passedOver: Set<string>,
  ) {
    const { removedIds, freedBytes, failures } = yield* deletion.remove(chosen, "evicted")
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

  /** The goal that can be reached by deleting recordings, and is not reached yet. */
  const goalOf = Effect.fnUntraced(function* (
    space: DiskSpace,
    limits: DiskLimits,
    cameraIds: ReadonlyArray<number>,
  ) {
    const evictableBytes = countedBytes(cameraIds) - (yield* candidates.protectedBytesOf(cameraIds))
    for (const goal of ["comfort", "reserve"] as const) {
      const needed = roomToFree(space, limits, goal)
      if (needed.bytes <= evictableBytes) return isNothing(needed) ? null : goal
    }
    return null
  })

  /**
   * Evicts in small batches until the disk is well below its limits, or nothing is left that may go.
   *
   * No more goes than what was missing at the first look, also where the disk does not show yet what was freed. It is
   * asked again before each batch; where it does not answer, nothing more is deleted.
   */
  const relieve = Effect.fn("evictions.relieve")(function* (
    probe: Effect.Effect<DiskSpace | null>,
    limits: DiskLimits,
  ) {
    const before = yield* probe
    let needed: Room = { bytes: 0, files: 0 }
    let freed: Room = { bytes: 0, files: 0 }
    const relief = (obstacle: EvictionObstacle | null): Relief => ({
      before,
      freed: { bytes: needed.bytes > 0 ? freed.bytes : 0, files: needed.files > 0 ? freed.files : 0 },
      obstacle,
    })
    if (before === null || isNothing(roomToFree(before, limits, "comfort"))) return relief(null)
    const add = (bytes: number, recordings: number): void => {
      freed = { bytes: freed.bytes + bytes, files: freed.files + recordings * filesOfRecording }
    }
    const owners = yield* accounts.list
    const cameraIds = owners.flatMap(({ cameras }) => cameras.map(({ id }) => id))
    const goal = yield* goalOf(before, limits, cameraIds)
    if (goal !== null) needed = roomToFree(before, limits, goal)
    // What an earlier deletion has marked counts nowhere any more, and takes its room until it is finished.
    yield* deletion.finishInterrupted(({ freedBytes, removed }) => add(freedBytes, removed))
    const used = new Map(cameraIds.map((id) => [id, countedBytes([id])]))
    const bytesOf = (owner: OwnerAccount) => sum(owner.cameras.map(({ id }) => used.get(id) ?? 0))
    const passedOver = new Set<string>()
    const sharing = Math.max(1, owners.filter((owner) => bytesOf(owner) > 0).length)
    for (;;) {
      const space = yield* probe
      if (space === null) return relief(null)
      const missing = roomToFree(space, limits, goal ?? "comfort")
      const left = {
        bytes: Math.min(missing.bytes, needed.bytes - freed.bytes),
        files: Math.min(missing.files, needed.files - freed.files),
      }
      if (goal !== null && isNothing(left)) return relief(null)
      const evictable = Map.groupBy(yield* oldest(cameraIds, passedOver), ({ cameraId }) => cameraId)
      if (evictable.size === 0) return relief("nothing_evictable")
      if (goal === null) return relief("out_of_reach")
      const uses = owners.map((owner) => ({
        ownerId: owner.id,
        bytes: bytesOf(owner),
        shareBytes: shareOf(owner.quotaBytes, space.totalBytes / sharing),
        evictable: owner.cameras.flatMap(({ id }) => evictable.get(id) ?? []),
      }))
      const chosen = choose(uses, left, filesAtOnce)
      const { gone, freedBytes, isRefused } = yield* evict(chosen, "disk", owners, passedOver)
      if (isRefused) return relief("undeletable")
      add(freedBytes, gone.length)
      for (const { cameraId, sizeBytes } of gone) {
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
    // A small sum: where protected recordings fill a quota, the exact one would be asked for at each look.
    const protectedBytes = yield* candidates.protectedBytesOf(cameraIds)
    if (countedBytes(cameraIds) - protectedBytes <= quotaBytes) return
    const passedOver = new Set<string>()
    for (;;) {
      // Exactly: the counters may still hold what was just deleted.
      const excessBytes = (yield* candidates.bytesOf(cameraIds)) - quotaBytes
      const chosen = oldestFirst(yield* oldest(cameraIds, passedOver), excessBytes).slice(0, filesAtOnce)
      if (chosen.length === 0) return
      const { isRefused } = yield* evict(chosen, "quota", owners, passedOver)
      if (isRefused) return
    }
  })

  /**
   * Evicts the oldest recordings of each camera, then of each owner, that is over its quota.
   *
   * Protected recordings, as clips, count for no quota: else to protect one would delete others.
   */
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
