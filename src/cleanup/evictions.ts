import * as Effect from "effect/Effect"
import type { Catalog } from "../storage/Catalog.ts"
import type { DiskSpace } from "../storage/RecordingsDirectory.ts"
import type { OwnerAccount, StorageAccounts } from "../storage/StorageAccounts.ts"
import { type DiskLimits, isNothing, type Room, roomToFree } from "./diskLimits.ts"
import { type BatchServices, makeEvictionBatches } from "./evictionBatches.ts"
import { evictionOrder, oldestFirst, type OwnerUse, shareOf } from "./evictionOrder.ts"
import { reachableGoal } from "./reachableGoal.ts"

/** What evictions work with. */
export interface EvictionServices extends BatchServices {
  readonly accounts: StorageAccounts["Service"]
  readonly catalog: Catalog["Service"]
}

/** A recording and its index. */
const filesOfRecording = 2

const nothing: Room = { bytes: 0, files: 0 }

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, one) => total + one, 0)

const roomOf = ({ bytes, recordings }: { readonly bytes: number; readonly recordings: number }): Room => ({
  bytes,
  files: recordings * filesOfRecording,
})

const both = (one: Room, other: Room): Room => ({
  bytes: one.bytes + other.bytes,
  files: one.files + other.files,
})

/**
 * Why an eviction ended before there was room.
 *
 * - `nothing_evictable`: what is left is protected, in use, or grows
 * - `out_of_reach`: the goal would not be reached with all gone that may go; none is deleted
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
export const makeEvictions = ({ accounts, catalog, ...services }: EvictionServices) => {
  const { deletion, candidates } = services
  const batches = makeEvictionBatches(services)

  const countedBytes = (cameraIds: ReadonlyArray<number>): number =>
    sum(cameraIds.map((id) => catalog.snapshot(id).totalBytes))
  const countedRecordings = (cameraIds: ReadonlyArray<number>): number =>
    sum(cameraIds.map((id) => catalog.snapshot(id).recordings))

  /**
   * The goal that is reached by what was freed since `before` and by all recordings that may go now.
   *
   * The counters are an upper bound, also while they still hold what is just gone: where that is too little, no row is
   * read. Where it is enough, only the rows themselves tell what of it may really go.
   */
  const goalOf = Effect.fnUntraced(function* (
    before: DiskSpace,
    limits: DiskLimits,
    freed: Room,
    cameraIds: ReadonlyArray<number>,
    passedOver: ReadonlySet<string>,
  ) {
    const bytes = countedBytes(cameraIds) - (yield* candidates.protectedBytesOf(cameraIds))
    const counted = roomOf({ bytes, recordings: countedRecordings(cameraIds) })
    if (reachableGoal(before, limits, both(counted, freed)) === null) return null
    const evictable = roomOf(yield* batches.evictable(cameraIds, passedOver))
    return reachableGoal(before, limits, both(evictable, freed))
  })

  /**
   * Evicts in small batches until the disk is well below its limits, or nothing is left that may go.
   *
   * No more goes than what was missing at the first look, also where the disk does not show yet what was freed. It is
   * asked again before each batch; where it does not answer, nothing more is deleted. Nothing goes for a goal that is
   * out of reach: that is asked first, and again where anything stayed that was to go.
   */
  const relieve = Effect.fn("evictions.relieve")(function* (
    probe: Effect.Effect<DiskSpace | null>,
    limits: DiskLimits,
  ) {
    const before = yield* probe
    if (before === null) return { before, freed: nothing, obstacle: null } satisfies Relief
    let needed = roomToFree(before, limits, "comfort")
    let freed = nothing
    const relief = (obstacle: EvictionObstacle | null): Relief => ({
      before,
      freed: { bytes: needed.bytes > 0 ? freed.bytes : 0, files: needed.files > 0 ? freed.files : 0 },
      obstacle,
    })
    if (isNothing(needed)) return relief(null)
    const owners = yield* accounts.list
    const cameraIds = owners.flatMap(({ cameras }) => cameras.map(({ id }) => id))
    // What an earlier deletion has marked counts nowhere any more, and takes its room until it is finished.
    yield* deletion.finishInterrupted(({ freedBytes, removed }) => {
      freed = both(freed, roomOf({ bytes: freedBytes, recordings: removed }))
    })
    const clips = yield* accounts.clips
    // Clips never go, but who has many is asked first for his recordings.
    const used = new Map(cameraIds.map((id) => [id, countedBytes([id]) + (clips.get(id)?.bytes ?? 0)]))
    const bytesOf = (owner: OwnerAccount) => sum(owner.cameras.map(({ id }) => used.get(id) ?? 0))
    const passedOver = new Set<string>()
    const sharing = Math.max(1, owners.filter((owner) => bytesOf(owner) > 0).length)
    let goal = yield* goalOf(before, limits, freed, cameraIds, passedOver)
    for (;;) {
      const space = yield* probe
      if (space === null) return relief(null)
      needed = roomToFree(before, limits, goal ?? "comfort")
      const missing = roomToFree(space, limits, goal ?? "comfort")
      const left = {
        bytes: Math.min(missing.bytes, needed.bytes - freed.bytes),
        files: Math.min(missing.files, needed.files - freed.files),
      }
      if (isNothing(left)) return relief(null)
      const oldest = yield* batches.oldest(cameraIds, passedOver)
      if (oldest.length === 0) return relief("nothing_evictable")
      if (goal === null) return relief("out_of_reach")
      const evictable = Map.groupBy(oldest, ({ cameraId }) => cameraId)
      const uses = owners.map((owner) => ({
        ownerId: owner.id,
        bytes: bytesOf(owner),
        shareBytes: shareOf(owner.quotaBytes, space.totalBytes / sharing),
        evictable: owner.cameras.flatMap(({ id }) => evictable.get(id) ?? []),
      }))
      const chosen = choose(uses, left, batches.mostFiles())
      const { gone, freedBytes, isRefused } = yield* batches.evict(chosen, "disk", owners, passedOver)
      if (isRefused) return relief("undeletable")
      freed = both(freed, roomOf({ bytes: freedBytes, recordings: gone.length }))
      for (const { cameraId, sizeBytes } of gone) {
        used.set(cameraId, (used.get(cameraId) ?? 0) - sizeBytes)
      }
      if (gone.length < chosen.length) goal = yield* goalOf(before, limits, freed, cameraIds, passedOver)
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
      const oldest = yield* batches.oldest(cameraIds, passedOver)
      const chosen = oldestFirst(oldest, excessBytes).slice(0, batches.mostFiles())
      if (chosen.length === 0) return
      const { isRefused } = yield* batches.evict(chosen, "quota", owners, passedOver)
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
