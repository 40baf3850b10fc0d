import type { MarkedFiles } from "../storage/DeletionStore.ts"

export interface DeletionRequest {
  readonly files: ReadonlyArray<MarkedFiles>
  /** Directories of days before this one (`2026-01-14`, UTC) are removed when they are empty. */
  readonly today: string
}

/** A file that stays, since the file system refuses, or it is protected or none of ours. */
export interface LeftFile {
  readonly filePath: string
  readonly code: string
}

/** What was freed, and what was not deleted; everything else is gone. */
export interface DeletionAnswer {
  readonly freedBytes: number
  readonly left: ReadonlyArray<LeftFile>
}
