import { readSync } from "node:fs"
import type { ReadBytes } from "./FragmentReader.ts"

const usualBytes = 64 * 1024

/** One buffer that all files of a worker are read through: what it returns is valid until the next read. */
export class ReadBuffer {
  readonly #bytes = new Uint8Array(usualBytes)

  /** Reads from an open file by position. */
  readerOf(descriptor: number): ReadBytes {
    return (offset, length) => {
      const bytes = length <= usualBytes ? this.#bytes : new Uint8Array(length)
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset))
    }
  }
}
