import type { DiskSpace } from "../storage/RecordingsDirectory.ts"

/** How full the disk may get. */
export interface DiskLimits {
  /** Used parts of what this process may use, in percent. */
  readonly warningPercent: number
  readonly criticalPercent: number
  /** What is to stay free; null for the default of this size of disk. */
  readonly reserveBytes: number | null
}

/** `critical` also where nothing is known: a disk that does not answer is not one with plenty of room. */
export type DiskState = "ok" | "warning" | "critical"

const gibibyte = 2 ** 30

/** An eviction goes on to this far below the critical mark, and to a tenth above the reserve. */
const hysteresisPercent = 2
const reserveParts = 10

/**
 * Bytes that are to stay free.
 *
 * By default 1 GiB or 2 % of the disk, whichever is more; of a disk below 20 GiB at most 5 %, else nothing would be
 * left of it.
 */
export const reserveOf = ({ reserveBytes }: DiskLimits, totalBytes: number): number =>
  reserveBytes ?? Math.floor(Math.min(Math.max(gibibyte, totalBytes * 0.02), totalBytes * 0.05))

export const usedPercent = ({ totalBytes, freeBytes }: DiskSpace): number =>
  totalBytes > 0 ? (100 * (totalBytes - freeBytes)) / totalBytes : 100

/** `space` is null where the disk could not be asked. */
export const diskStateOf = (space: DiskSpace | null, limits: DiskLimits): DiskState => {
  if (space === null || isPressed(space, limits)) return "critical"
  return usedPercent(space) >= limits.warningPercent ? "warning" : "ok"
}

/** Whether recordings have to go: above the critical mark, or below the reserve. */
export const isPressed = (space: DiskSpace, limits: DiskLimits): boolean =>
  usedPercent(space) > limits.criticalPercent || space.freeBytes < reserveOf(limits, space.totalBytes)

/** Bytes that may be used before the eviction of recordings begins. */
export const usableBytes = (limits: DiskLimits, totalBytes: number): number =>
  Math.min((totalBytes * limits.criticalPercent) / 100, totalBytes - reserveOf(limits, totalBytes))

/** From where on recording may begin again after the reserve was reached. */
const resumeBytes = (limits: DiskLimits, totalBytes: number): number => {
  const reserveBytes = reserveOf(limits, totalBytes)
  return Math.min(totalBytes, reserveBytes + Math.ceil(reserveBytes / reserveParts))
}

/**
 * Bytes that an eviction which has begun still has to free; 0 or less when it is done.
 *
 * It ends below the mark that began it, so that the next one does not follow at once.
 */
export const bytesToFree = (space: DiskSpace, limits: DiskLimits): number => {
  const freeAtGoal = Math.ceil(space.totalBytes * (1 - (limits.criticalPercent - hysteresisPercent) / 100))
  return Math.max(freeAtGoal, resumeBytes(limits, space.totalBytes)) - space.freeBytes
}

/**
 * Whether recording has to wait for room, asked when nothing more can be evicted.
 *
 * It stops below the reserve and goes on a tenth above it; a disk that could not be asked changes nothing.
 */
export const mustWaitForRoom = (
  wasWaiting: boolean,
  space: DiskSpace | null,
  limits: DiskLimits,
): boolean => {
  if (space === null) return wasWaiting
  const neededBytes = wasWaiting ? resumeBytes(limits, space.totalBytes) : reserveOf(limits, space.totalBytes)
  return space.freeBytes < neededBytes
}
