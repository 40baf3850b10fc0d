import { maxBoxHeaderBytes, readBoxHeader } from "./boxReader.ts"
import { parseMovie } from "./movieBox.ts"
import type { Movie } from "./movieBox.ts"
import { parseMovieFragment } from "./movieFragmentBox.ts"
import type { TrackFragment } from "./movieFragmentBox.ts"

/** One whole `moof`+`mdat` of a file. Times are those of the video track, of audio only without one. */
export interface Fragment {
  /** Where its `moof` starts. */
  readonly offset: number
  /** From its `moof` to the end of its `mdat`. */
  readonly sizeBytes: number
  readonly mediaStartSeconds: number
  readonly mediaEndSeconds: number
  readonly frames: number
  readonly startsWithKeyframe: boolean
  readonly audioSamples: number
  /** From each frame to the next, in decoding order; the last is FFmpeg's estimate where audio ended the fragment. */
  readonly frameIntervalsSeconds: ReadonlyArray<number>
}

/** Reads at most `length` bytes at `offset`; fewer at the end of the file. The bytes are valid until the next call. */
export type ReadBytes = (offset: number, length: number) => Uint8Array

/** Holds the `moof` of a usual fragment (25 frames and 47 audio samples take about 900 bytes) in one read. */
const chunkBytes = 4096
/** A `moov` or `moof` beyond this is damage: ten minutes of frames in one fragment take less. */
const maxHeaderBoxBytes = 4 * 1024 * 1024

const skippedTypes: ReadonlySet<string> = new Set(
  "ftyp styp sidx ssix mfra prft emsg free skip wide uuid meta udta pdin".split(" "),
)

/**
 * Finds the whole fragments of a fragmented mp4 file while it grows.
 *
 * A box that runs past the end of the file is not whole yet and is looked at again after growth; any
 * other irregularity is damage, beyond which nothing is read. Never throws unless `read` does.
 */
export class FragmentReader {
  readonly #read: ReadBytes
  #offset = 0
  #wantedBytes = 8
  #movie: Movie | null = null
  #pending: { offset: number; tracks: ReadonlyArray<TrackFragment> } | null = null
  #damaged = false
  #mediaEndSeconds = 0
  /** Bytes of the last read of this call, and where they stand in the file. */
  #chunk: { offset: number; bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array(0) }

  constructor(read: ReadBytes) {
    this.#read = read
  }

  get movie(): Movie | null {
    return this.#movie
  }

  /** Whether reading ended for good at a damaged box. */
  get damaged(): boolean {
    return this.#damaged
  }

  /** Adds to `found` the fragments that became whole since the last call, given the file's present size. */
  advance(fileBytes: number, found: Array<Fragment>): void {
    this.#chunk = { offset: 0, bytes: new Uint8Array(0) }
    while (!this.#damaged && this.#wantedBytes <= fileBytes) {
      const fragment = this.#step(fileBytes)
      if (fragment === "wait") break
      if (fragment === "damage") this.#damaged = true
      else if (fragment !== null) found.push(fragment)
    }
  }

  /** Goes on behind a fragment that an index already describes; reads the `moov` first where it was not yet. */
  skipTo(offset: number, mediaEndSeconds: number, fileBytes: number): void {
    this.#chunk = { offset: 0, bytes: new Uint8Array(0) }
    while (!this.#damaged && this.#movie === null && this.#wantedBytes <= fileBytes) {
      if (this.#step(fileBytes) === "wait") break
    }
    if (this.#movie === null) return
    this.#pending = null
    this.#moveTo(offset)
    this.#mediaEndSeconds = mediaEndSeconds
  }

  #step(fileBytes: number): Fragment | "wait" | "damage" | null {
    const start = this.#offset
    const bytes = this.#bytesAt(start, fileBytes)
    const header = readBoxHeader(viewOf(bytes), 0)
    if (header === "damaged") return "damage"
    if (header === "incomplete")
      return this.#waitFor(start + Math.min(maxBoxHeaderBytes, bytes.byteLength + 1))

    const { type, headerBytes, sizeBytes } = header
    const isParsed = type === "moov" || type === "moof"
    if (isParsed && sizeBytes > maxHeaderBoxBytes) return "damage"
    if (!isParsed && type !== "mdat" && !skippedTypes.has(type)) return "damage"
    const endOffset = start + sizeBytes
    if (endOffset > fileBytes) return this.#waitFor(endOffset)

    if (isParsed) {
      const box = sizeBytes <= bytes.byteLength ? bytes : this.#load(start, sizeBytes)
      if (box.byteLength < sizeBytes) return this.#waitFor(endOffset)
      if (!this.#parse(type, viewOf(box), headerBytes, sizeBytes)) return "damage"
    }
    this.#moveTo(endOffset)
    return type === "mdat" ? this.#complete(sizeBytes - headerBytes) : null
  }

  /** The header of an `mdat` usually came with its `moof`: one read for both. */
  #bytesAt(offset: number, fileBytes: number): Uint8Array {
    const { offset: loadedFrom, bytes } = this.#chunk
    const skipped = offset - loadedFrom
    return skipped >= 0 && skipped + maxBoxHeaderBytes <= bytes.byteLength
      ? bytes.subarray(skipped)
      : this.#load(offset, Math.min(chunkBytes, fileBytes - offset))
  }

  #load(offset: number, length: number): Uint8Array {
    const bytes = this.#read(offset, length)
    this.#chunk = { offset, bytes }
    return bytes
  }

  #parse(type: string, view: DataView, bodyOffset: number, endOffset: number): boolean {
    if (type === "moov") {
      if (this.#movie !== null) return false
      this.#movie = parseMovie(view, bodyOffset, endOffset)
      return this.#movie !== null
    }
    if (this.#movie === null || this.#pending !== null) return false
    const tracks = parseMovieFragment(view, bodyOffset, endOffset, this.#movie)
    if (tracks === null) return false
    this.#pending = { offset: this.#offset, tracks }
    return true
  }

  #complete(dataBytes: number): Fragment | "damage" {
    const pending = this.#pending
    if (pending === null || this.#movie === null) return "damage"
    this.#pending = null
    const main = this.#movie.video ?? this.#movie.audio
    let sampleBytes = 0
    let audioSamples = 0
    let mainTrack: TrackFragment | null = null
    for (const fragment of pending.tracks) {
      sampleBytes += fragment.sizeBytes
      if (fragment.track === main) mainTrack ??= fragment
      if (fragment.track === this.#movie.audio) audioSamples += fragment.durations.length
    }
    if (sampleBytes > dataBytes) return "damage"
    return this.#describe(pending.offset, mainTrack, audioSamples)
  }

  #describe(offset: number, main: TrackFragment | null, audioSamples: number): Fragment {
    let mediaStartSeconds = this.#mediaEndSeconds
    let mediaEndSeconds = mediaStartSeconds
    const intervals: Array<number> = []
    if (main !== null) {
      const { timescale } = main.track
      if (main.decodeTime !== null) mediaStartSeconds = main.decodeTime / timescale
      let units = 0
      for (const duration of main.durations) {
        units += duration
        intervals.push(duration / timescale)
      }
      mediaEndSeconds = mediaStartSeconds + units / timescale
    }
    this.#mediaEndSeconds = mediaEndSeconds
    const isVideo = main?.track.handler === "vide"
    return {
      offset,
      sizeBytes: this.#offset - offset,
      mediaStartSeconds,
      mediaEndSeconds,
      frames: isVideo ? intervals.length : 0,
      startsWithKeyframe: isVideo && main.startsWithKeyframe,
      audioSamples,
      frameIntervalsSeconds: isVideo ? intervals : [],
    }
  }

  #moveTo(offset: number): void {
    this.#offset = offset
    this.#wantedBytes = offset + 8
  }

  #waitFor(fileBytes: number): "wait" {
    this.#wantedBytes = fileBytes
    return "wait"
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
