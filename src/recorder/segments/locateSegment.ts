import { renameSync, statSync, unlinkSync } from "node:fs"
import type { Stats } from "node:fs"

/** Where the file of an unsettled segment is. */
export interface LocatedSegment {
  readonly path: string
  readonly isPublished: boolean
}

/**
 * Finds the file that an index describes, and completes a publishing that a crash cut short.
 *
 * Both names of one inode: the numbered one goes. An empty file that is our own reservation: the
 * rename over it is made up for. Otherwise a numbered file is not published yet. `null` where the
 * file is gone under both names (somebody deleted the recording).
 */
export const locateSegment = (
  numberedPath: string,
  publishedPath: string,
  reservedInode: number | null,
): LocatedSegment | null => {
  const numbered = statOf(numberedPath)
  const published = statOf(publishedPath)
  if (numbered === null) {
    return published === null ? null : { path: publishedPath, isPublished: true }
  }
  if (published?.ino === numbered.ino && published.dev === numbered.dev) {
    unlinkSync(numberedPath)
    return { path: publishedPath, isPublished: true }
  }
  if (published !== null && published.ino === reservedInode && published.size === 0) {
    renameSync(numberedPath, publishedPath)
    return { path: publishedPath, isPublished: true }
  }
  return { path: numberedPath, isPublished: false }
}

const statOf = (path: string): Stats | null => statSync(path, { throwIfNoEntry: false }) ?? null
