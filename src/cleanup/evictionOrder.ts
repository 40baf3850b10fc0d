import type { EvictionCandidate } from "../storage/EvictionCandidates.ts"

/** What an owner uses of the disk, and what part of it is his. */
export interface OwnerUse {
  readonly ownerId: number
  /** Of his recordings and his clips. */
  readonly bytes: number
  /** As of `shareOf`. */
  readonly shareBytes: number
  readonly evictable: ReadonlyArray<EvictionCandidate>
}

/** An equal part of the disk, or his quota where that is less: a quota is a limit, and no claim to more than others have. */
export const shareOf = (quotaBytes: number | null, equalBytes: number): number =>
  Math.min(quotaBytes ?? equalBytes, equalBytes)

const byEnd = (a: EvictionCandidate, b: EvictionCandidate): number => a.endMillis - b.endMillis || a.id - b.id

/** The oldest recordings that together free at least `neededBytes`, or all of them. */
export const oldestFirst = (
  evictable: ReadonlyArray<EvictionCandidate>,
  neededBytes: number,
): ReadonlyArray<EvictionCandidate> => {
  const chosen: Array<EvictionCandidate> = []
  let freedBytes = 0
  for (const recording of evictable.toSorted(byEnd)) {
    if (freedBytes >= neededBytes) break
    chosen.push(recording)
    freedBytes += recording.sizeBytes
  }
  return chosen
}

/**
 * The recordings that go first when the disk is too full, in order, at most `mostFiles` of them.
 *
 * The owner who is furthest over his share (in bytes; the least far below it, where nobody is over) loses his oldest
 * recording, by its end; then the same is asked again, until `neededBytes` are free. Who has nothing that may go is passed over.
 */
export const evictionOrder = (
  owners: ReadonlyArray<OwnerUse>,
  neededBytes: number,
  mostFiles: number,
): ReadonlyArray<EvictionCandidate> => {
  const queues = owners.map(({ ownerId, bytes, shareBytes, evictable }) => ({
    ownerId,
    overBytes: bytes - shareBytes,
    waiting: evictable.toSorted(byEnd).values(),
  }))
  const chosen: Array<EvictionCandidate> = []
  let open = queues
  let freedBytes = 0
  while (freedBytes < neededBytes && chosen.length < mostFiles) {
    const first = open.toSorted((a, b) => b.overBytes - a.overBytes || a.ownerId - b.ownerId)[0]
    if (first === undefined) break
    const next = first.waiting.next()
    if (next.done === true) {
      open = open.filter((queue) => queue !== first)
      continue
    }
    chosen.push(next.value)
    first.overBytes -= next.value.sizeBytes
    freedBytes += next.value.sizeBytes
  }
  return chosen
}
