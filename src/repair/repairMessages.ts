import type { SegmentSummary } from "../domain/Segment.ts"
import type { DirectoryRows } from "../storage/RepairStore.ts"

/** What the file system refused, or the database: nothing is concluded from it. */
export interface RepairError {
  /** Relative to the recordings directory; null where it is no file's. */
  readonly path: string | null
  /** Of the system call (`EIO`, `EACCES`, ...), or in words. */
  readonly reason: string
}

/** The recordings directory as a pass left it. */
export interface RootMemory {
  /** Null: to be listed again, whatever its time says. */
  readonly mtimeNanos: bigint | null
  readonly cameraIds: ReadonlyArray<number>
  /** Cameras whose directory is a symbolic link: left alone. */
  readonly linkedIds: ReadonlyArray<number>
}

/** The directory of a camera as a pass left it; it need not be listed again while the times of last change agree. */
export interface CameraMemory {
  readonly isOurs: boolean
  readonly mtimeNanos: bigint | null
  /** Null for a day that is to be listed again, whatever its time says. */
  readonly days: ReadonlyMap<string, bigint | null>
}

export interface RootRequest {
  readonly type: "root"
  readonly memory: RootMemory | null
  readonly startedAtMillis: number
}

export interface RootListing {
  readonly type: "root"
  readonly memory: RootMemory
  readonly directoriesListed: number
  /** Names that are not ours. */
  readonly unowned: ReadonlyArray<string>
}

export interface ListRequest {
  readonly type: "list"
  readonly cameraId: number
  /** Of the camera of this id in the catalog. */
  readonly identity: string
  readonly isLinked: boolean
  readonly memory: CameraMemory | null
}

export interface ListAnswer {
  readonly type: "listed"
  /** Days whose rows are to be compared; null for all rows of the camera. */
  readonly days: ReadonlyArray<string> | null
}

export interface CompareRequest {
  readonly type: "compare"
  readonly startedAtMillis: number
  readonly rows: ReadonlyArray<DirectoryRows>
  /** Left to the catalog and the living runs. */
  readonly busy: ReadonlySet<string>
  /** To be read again whatever their rows say. */
  readonly unsettled: ReadonlySet<string>
  /** Files written within this time are left to the next pass. */
  readonly youngMillis: number
}

/** What a comparison found since its last answer: at most as many files as one transaction should write. */
export interface CompareAnswer {
  readonly type: "compared"
  readonly adopted: ReadonlyArray<SegmentSummary>
  readonly reread: ReadonlyArray<SegmentSummary>
  /** Of `reread`, those whose whole file had been missing. */
  readonly restored: number
  /** Paths of rows without a file. */
  readonly absent: ReadonlyArray<string>
  /** Paths of rows whose file holds no whole fragment any more. */
  readonly hollow: ReadonlyArray<string>
  readonly unowned: ReadonlyArray<string>
  readonly errors: ReadonlyArray<RepairError>
  /** Null while there is more: ask for `more`. */
  readonly end: CompareEnd | null
}

export interface CompareEnd {
  readonly memory: CameraMemory
  readonly directoriesListed: number
  readonly filesExamined: number
  readonly rows: number
  readonly postponed: number
}

/** Asks which of these files are still not there. */
export interface ConfirmRequest {
  readonly type: "confirm"
  readonly paths: ReadonlyArray<string>
}

export interface ConfirmAnswer {
  readonly type: "confirmed"
  readonly absent: ReadonlyArray<string>
}

export type RepairRequest =
  | RootRequest
  | ListRequest
  | CompareRequest
  | { readonly type: "more" }
  | ConfirmRequest

export type RepairAnswer = RootListing | ListAnswer | CompareAnswer | ConfirmAnswer
