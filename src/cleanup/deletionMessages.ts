/** A file whose row is marked; `filePath` is relative to the recordings directory. */
export interface DoomedFile {
  readonly cameraId: number
  /** Of its camera. */
  readonly identity: string
  readonly filePath: string
}

/**
 * What became of a file: `gone` with its index, `kept` untouched because the file system refuses, `halved`: the file is
 * gone and its index is not.
 */
export type FileOutcome =
  | { readonly type: "gone"; readonly freedBytes: number }
  | { readonly type: "kept"; readonly code: string }
  | { readonly type: "halved"; readonly freedBytes: number; readonly code: string }

export interface DeletionRequest {
  readonly files: ReadonlyArray<DoomedFile>
  /** Directories of days before this one (`2026-01-14`, UTC) are removed when they are empty. */
  readonly today: string
}

/** One outcome for each file, in their order. */
export type DeletionAnswer = ReadonlyArray<FileOutcome>
