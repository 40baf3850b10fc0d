import type { SegmentSummary } from "../../domain/Segment.ts"

/** The file system refused the watcher something; it tries again by itself. */
export interface WatchFailure {
  readonly type: "watch.failed"
  /** Of the system call (`ENOSPC`, `EIO`, `EACCES`, ...); the error's name where it was none. */
  readonly code: string
  readonly path: string
}

/** What became new about a run since the last report. */
export interface RunReport {
  readonly runId: string
  readonly cameraId: number
  /** The segments that changed, each once, the oldest first. */
  readonly segments: ReadonlyArray<SegmentSummary>
  /** Fragments with frames; those of a file without video count all. Audio alone is no sign of life. */
  readonly newFragments: number
  /** When the last such fragment became whole, on the kernel's monotonic clock; 0 before the first. */
  readonly lastArrivalMonotonicMillis: number
  /** Up to which byte the log of the run was read for lost packets; null where nobody reads it (TCP). */
  readonly readLogBytes: number | null
  readonly failure?: WatchFailure
}
