import type { DiskSpace } from "../storage/RecordingsDirectory.ts"
import type { Room } from "./diskLimits.ts"
import { growingPauseMillis } from "./growingPause.ts"

interface Awaited {
  readonly room: Room
  /** The least that was free since: recording goes on meanwhile, and takes of it. */
  readonly lowest: DiskSpace
  /** Monotonic. */
  readonly untilMillis: number
}

const firstPauseMillis = 10_000
const longestPauseMillis = 3_600_000

/** Others write while an eviction goes on: its whole room is never seen. */
const shownPart = 1 / 4

const freeFiles = ({ files }: DiskSpace): number => files?.free ?? 0

const shows = (before: DiskSpace, after: DiskSpace, room: Room): boolean =>
  after.freeBytes - before.freeBytes >= room.bytes * shownPart &&
  freeFiles(after) - freeFiles(before) >= room.files * shownPart

const lower = (one: DiskSpace, other: DiskSpace): DiskSpace => ({
  ...one,
  freeBytes: Math.min(one.freeBytes, other.freeBytes),
  files: one.files === null ? null : { ...one.files, free: Math.min(one.files.free, freeFiles(other)) },
})

/**
 * Room that evictions made and the disk does not show: a reader holds the files open, a snapshot keeps them, or the
 * file system frees later.
 *
 * To evict more would delete all recordings for nothing, so it waits: until the room shows, or for a pause that grows
 * with each such eviction, from ten seconds to an hour. All times are monotonic.
 */
export class UnshownRoom {
  #awaited: Awaited | null = null
  #inVain = 0

  /** After an eviction that made this room; of what it did not try to make, 0. */
  note(room: Room, before: DiskSpace, after: DiskSpace, nowMillis: number): void {
    if (room.bytes <= 0 && room.files <= 0) return
    if (shows(before, after, room)) {
      this.#inVain = 0
      return
    }
    this.#inVain += 1
    this.#awaited = {
      room,
      lowest: lower(after, before),
      untilMillis: nowMillis + growingPauseMillis(this.#inVain, firstPauseMillis, longestPauseMillis),
    }
  }

  /** Told of each look at the disk. */
  isAwaited(space: DiskSpace, nowMillis: number): boolean {
    const awaited = this.#awaited
    if (awaited === null) return false
    if (shows(awaited.lowest, space, awaited.room)) {
      this.#awaited = null
      this.#inVain = 0
      return false
    }
    if (nowMillis >= awaited.untilMillis) {
      this.#awaited = null
      return false
    }
    this.#awaited = { ...awaited, lowest: lower(awaited.lowest, space) }
    return true
  }
}
