import { closeSync, openSync, renameSync, truncateSync, writeFileSync, writeSync } from "node:fs"
import type { FragmentRecord } from "./fragmentRecord.ts"
import { encodeEnd, encodeHeader, encodeRecord } from "./segmentIndex.ts"
import type { SegmentEnd, SegmentHeader } from "./segmentIndex.ts"

/** Three hours of lines; an index that cannot be written for longer ends there, and the file itself is read instead. */
const maxUnsavedCharacters = 1_000_000

/**
 * The index of one segment while it grows, written line by line.
 *
 * Lines that cannot be written (`ENOSPC`) are kept and written later. Methods throw the error of the
 * system call after they have kept what was given to them.
 */
export class SegmentIndexFile {
  readonly #path: string
  #descriptor: number | null = null
  #unsaved = ""
  #abandoned = false

  constructor(path: string) {
    this.#path = path
  }

  /** Replaces the file by one with this header alone, at once or not at all. */
  create(header: SegmentHeader): void {
    this.#closeDescriptor()
    const newPath = `${this.#path}.new`
    writeFileSync(newPath, encodeHeader(header), { mode: 0o640 })
    renameSync(newPath, this.#path)
  }

  /** Goes on with an existing file, whose last line may have been cut. */
  resume(wholeBytes: number): void {
    truncateSync(this.#path, wholeBytes)
  }

  append(records: ReadonlyArray<FragmentRecord>): void {
    this.#write(records.map(encodeRecord).join(""))
  }

  /** Writes the end and moves the file beside its segment. */
  settle(end: SegmentEnd | null, settledPath: string): void {
    this.#write(end === null ? "" : encodeEnd(end))
    this.#closeDescriptor()
    renameSync(this.#path, settledPath)
  }

  close(): void {
    this.#closeDescriptor()
  }

  #write(lines: string): void {
    if (this.#abandoned) return
    this.#unsaved += lines
    if (this.#unsaved.length > maxUnsavedCharacters) {
      this.#abandoned = true
      this.#unsaved = ""
      return
    }
    this.#descriptor ??= openSync(this.#path, "a", 0o640)
    // Lines are ASCII: characters are bytes.
    while (this.#unsaved.length > 0) {
      this.#unsaved = this.#unsaved.slice(writeSync(this.#descriptor, this.#unsaved))
    }
  }

  #closeDescriptor(): void {
    if (this.#descriptor === null) return
    closeSync(this.#descriptor)
    this.#descriptor = null
  }
}
