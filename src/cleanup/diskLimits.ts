import type { DiskSpace } from "../storage/RecordingsDirectory.ts"

/** How full the disk may get. */
export interface DiskLimits {
  /** Used parts of what this process may use, in percent. */
  readonly warningPercent: number
  readonly criticalPercent: number
  /** What is to stay free; null for the default of this size of disk. */
  readonly reserveBytes: number | null
}

/** What is to be freed, or was; of what is to be freed 0 or less means that nothing is. */
export interface Room {
  readonly bytes: number
  readonly files: number
}

/** What an eviction tries to reach: well below both marks, or no more than what lets recording go on. */
export type Goal = "comfort" | "reserve"

/** `critical` also where nothing is known: a disk that does not answer is not one with plenty of room. */
export type DiskState = "ok" | "warning" | "critical"

const gibibyte = 2 ** 30

/** An eviction goes on to this far below the critical mark, and to a tenth above the reserve. */
const hysteresisPercent = 2
const reserveParts = 10

/** A run takes about six at once, its files and their indexes included: enough for a hundred that begin together. */
const reservedFiles = 1_000
/** Of a file system that holds few files at all. */
const reservedFileParts = 10

/** More would have recordings deleted for room that nobody uses. */
export const largestReserve = (totalBytes: number): number => Math.floor(totalBytes / 2)

/**
 * Bytes that are to stay free.
 *
 * By default 1 GiB or 2 % of the disk, whichever is more; of a disk below 20 GiB at most 5 %, else nothing would be
 * left of it. Never more than half of the disk, whatever was asked for.
 */
export const reserveOf = ({ reserveBytes }: DiskLimits, totalBytes: number): number =>
  Math.min(
    reserveBytes ?? Math.floor(Math.min(Math.max(gibibyte, totalBytes * 0.02), totalBytes * 0.05)),
    largestReserve(totalBytes),
  )

/** Files (inodes) that are to stay free, of as many. */
export const reserveOfFiles = (totalFiles: number): number =>
  Math.min(reservedFiles, Math.ceil(totalFiles / reservedFileParts))

export const usedPercent = ({ totalBytes, freeBytes }: DiskSpace): number =>
  totalBytes > 0 ? (100 * (totalBytes - freeBytes)) / totalBytes : 100

/** `space` is null where the disk could not be asked. */
export const diskStateOf = (space: DiskSpace | null, limits: DiskLimits): DiskState => {
  if (space === null || isPressed(space, limits)) return "critical"
  return usedPercent(space) >= limits.warningPercent ? "warning" : "ok"
}

const isBelowReserve = ({ totalBytes, freeBytes, files }: DiskSpace, limits: DiskLimits): boolean =>
  freeBytes < reserveOf(limits, totalBytes) || (files !== null && files.free < reserveOfFiles(files.total))

/** Whether recordings have to go: above the critical mark, or below the reserve of bytes or of files. */
export const isPressed = (space: DiskSpace, limits: DiskLimits): boolean =>
  usedPercent(space) > limits.criticalPercent || isBelowReserve(space, limits)

/** Bytes that may be used before the eviction of recordings begins. */
export const usableBytes = (limits: DiskLimits, totalBytes: number): number =>
  Math.min((totalBytes * limits.criticalPercent) / 100, totalBytes - reserveOf(limits, totalBytes))

/** From where on recording may begin again after the reserve was reached. */
const resumeBytes = (limits: DiskLimits, totalBytes: number): number => {
  const reserveBytes = reserveOf(limits, totalBytes)
  return reserveBytes + Math.ceil(reserveBytes / reserveParts)
}

const resumeFiles = (totalFiles: number): number => {
  const reserve = reserveOfFiles(totalFiles)
  return reserve + Math.ceil(reserve / reserveParts)
}

/**
 * What an eviction which has begun still has to free.
 *
 * It ends below the mark that began it, so that the next one does not follow at once.
 */
export const roomToFree = (space: DiskSpace, limits: DiskLimits, goal: Goal): Room => {
  const { totalBytes, freeBytes, files } = space
  const comfortBytes = Math.ceil(totalBytes * (1 - (limits.criticalPercent - hysteresisPercent) / 100))
  const freeAtGoal = Math.max(goal === "comfort" ? comfortBytes : 0, resumeBytes(limits, totalBytes))
  return {
    bytes: freeAtGoal - freeBytes,
    files: files === null ? 0 : resumeFiles(files.total) - files.free,
  }
}

export const isNothing = ({ bytes, files }: Room): boolean => bytes <= 0 && files <= 0

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
  return wasWaiting ? !isNothing(roomToFree(space, limits, "reserve")) : isBelowReserve(space, limits)
}
