import { type Fragment, FragmentReader, type ReadBytes } from "../recorder/segments/FragmentReader.ts"
import type { FragmentRecord } from "../recorder/segments/fragmentRecord.ts"
import type { Movie } from "../recorder/segments/movieBox.ts"

/** Records keep media times to the microsecond. */
const roundingSeconds = 0.000_001

const isClose = (one: number, other: number): boolean => Math.abs(one - other) <= roundingSeconds

/**
 * Reads fragments of a file where its index says that they are: their headers alone, however much they hold.
 *
 * Throws only what `read` throws.
 */
export class KnownFragments {
  readonly #read: ReadBytes
  readonly #headBytes: number
  readonly #fileBytes: number
  #reader: FragmentReader

  /** `headBytes` is what stands before the first fragment. */
  constructor(read: ReadBytes, headBytes: number, fileBytes: number) {
    this.#read = read
    this.#headBytes = headBytes
    this.#fileBytes = fileBytes
    this.#reader = this.#begin()
  }

  /** What every fragment needs to be read; null where it is damaged, and no fragment can be. */
  get movie(): Movie | null {
    return this.#reader.movie
  }

  /** The fragment as the file has it; null where that is not what was recorded. */
  read(record: FragmentRecord): Fragment | null {
    const endOffset = record.offset + record.sizeBytes
    if (this.movie === null || endOffset > this.#fileBytes) return null
    // It reads nothing beyond damage.
    if (this.#reader.damaged) this.#reader = this.#begin()
    this.#reader.skipTo(record.offset, record.mediaStartSeconds, this.#headBytes)
    const found: Array<Fragment> = []
    this.#reader.advance(endOffset, found)
    const [fragment] = found
    return fragment !== undefined && found.length === 1 && isSame(fragment, record) ? fragment : null
  }

  #begin(): FragmentReader {
    const reader = new FragmentReader(this.#read)
    reader.advance(this.#headBytes, [])
    return reader
  }
}

const isSame = (fragment: Fragment, record: FragmentRecord): boolean =>
  fragment.offset === record.offset &&
  fragment.sizeBytes === record.sizeBytes &&
  fragment.frames === record.frames &&
  fragment.startsWithKeyframe === record.startsWithKeyframe &&
  isClose(fragment.mediaStartSeconds, record.mediaStartSeconds) &&
  isClose(fragment.mediaEndSeconds, record.mediaEndSeconds)
