import type { CleanupError, CleanupReason, CleanupTally } from "../storage/CleanupPasses.ts"
import type { DeletionResult } from "./Deletion.ts"

/** A pass that runs, as of now. */
export interface RunningCleanup extends CleanupTally {
  readonly reason: CleanupReason
  readonly startedAtMillis: number
  /** Recordings that had expired when the pass began; null until they are counted. */
  readonly filesTotal: number | null
}

/** Errors of a pass that are kept by name; all are counted. */
const keptErrors = 100

/** Counts what a pass does. */
export class CleanupProgress {
  readonly #reason: CleanupReason
  readonly #startedAtMillis: number
  readonly #cameras = new Set<number>()
  readonly #errorList: Array<CleanupError> = []
  #filesTotal: number | null = null
  #files = 0
  #bytes = 0
  #errors = 0
  #heldBack = 0

  constructor(reason: CleanupReason, startedAtMillis: number) {
    this.#reason = reason
    this.#startedAtMillis = startedAtMillis
  }

  expect(files: number): void {
    this.#filesTotal = files
  }

  add({ cameraIds, removed, freedBytes, failures }: DeletionResult): void {
    this.#files += removed
    this.#bytes += freedBytes
    if (removed > 0) for (const cameraId of cameraIds) this.#cameras.add(cameraId)
    for (const { filePath, code } of failures) this.fail({ path: filePath, code })
  }

  holdBack(files: number): void {
    this.#heldBack = files
  }

  fail(error: CleanupError): void {
    this.#errors += 1
    if (this.#errorList.length < keptErrors) this.#errorList.push(error)
  }

  get now(): RunningCleanup {
    return {
      reason: this.#reason,
      startedAtMillis: this.#startedAtMillis,
      filesTotal: this.#filesTotal,
      cameras: this.#cameras.size,
      files: this.#files,
      bytes: this.#bytes,
      errors: this.#errors,
      heldBack: this.#heldBack,
      errorList: [...this.#errorList],
    }
  }
}
