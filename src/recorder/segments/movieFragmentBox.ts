import { readChildBoxes, readUint64 } from "./boxReader.ts"
import type { Box } from "./boxReader.ts"
import type { Movie, Track } from "./movieBox.ts"

/** The samples of one track in one fragment. */
export interface TrackFragment {
  readonly track: Track
  /** Decode time of the first sample, in units of the track; `null` where the fragment does not say. */
  readonly decodeTime: number | null
  /** Of each sample, in units of the track. */
  readonly durations: ReadonlyArray<number>
  readonly sizeBytes: number
  readonly startsWithKeyframe: boolean
}

/** More samples in one fragment than any camera sends: such a count is damage, not data. */
const maxSamples = 100_000
const nonSyncSample = 0x0001_0000

/**
 * Parses the body of a `moof` box (ISO/IEC 14496-12, 8.8); `null` where it is damaged.
 *
 * Reads `tfhd`, `tfdt` (versions 0 and 1) and `trun` (versions 0 and 1: they differ only in the sign
 * of composition offsets, which are not needed here).
 */
export const parseMovieFragment = (
  view: DataView,
  bodyOffset: number,
  endOffset: number,
  movie: Movie,
): ReadonlyArray<TrackFragment> | null => {
  const boxes = readChildBoxes(view, bodyOffset, endOffset)
  if (boxes === null || boxes[0]?.type !== "mfhd") return null
  const fragments: Array<TrackFragment> = []
  for (const box of boxes) {
    if (box.type !== "traf") continue
    const fragment = parseTrackFragment(view, box, movie)
    if (fragment === null) return null
    fragments.push(fragment)
  }
  return fragments.length === 0 ? null : fragments
}

const parseTrackFragment = (view: DataView, traf: Box, movie: Movie): TrackFragment | null => {
  const boxes = readChildBoxes(view, traf.bodyOffset, traf.endOffset)
  if (boxes === null || boxes[0]?.type !== "tfhd") return null
  const header = parseHeader(view, boxes[0], movie)
  if (header === null) return null
  const samples: Samples = { durations: [], sizeBytes: 0, firstFlags: null }
  let decodeTime: number | null = null
  for (const box of boxes) {
    if (box.type === "tfdt") {
      decodeTime = parseDecodeTime(view, box)
      if (decodeTime === null) return null
    } else if (box.type === "trun" && !readRun(view, box, header, samples)) {
      return null
    }
  }
  return {
    track: header.track,
    decodeTime,
    durations: samples.durations,
    sizeBytes: samples.sizeBytes,
    startsWithKeyframe: samples.firstFlags !== null && (samples.firstFlags & nonSyncSample) === 0,
  }
}

interface FragmentHeader {
  readonly track: Track
  readonly duration: number
  readonly sizeBytes: number
  readonly flags: number
}

const parseHeader = (view: DataView, box: Box, movie: Movie): FragmentHeader | null => {
  const { bodyOffset, endOffset } = box
  if (endOffset - bodyOffset < 8) return null
  const present = view.getUint32(bodyOffset) & 0xff_ffff
  const track = movie.tracks.get(view.getUint32(bodyOffset + 4))
  if (track === undefined) return null
  let offset = bodyOffset + 8 + (present & 0x1 ? 8 : 0) + (present & 0x2 ? 4 : 0)
  const fieldsEnd = offset + (present & 0x8 ? 4 : 0) + (present & 0x10 ? 4 : 0) + (present & 0x20 ? 4 : 0)
  if (fieldsEnd > endOffset) return null
  let { duration, sizeBytes, flags } = track.defaults
  if (present & 0x8) {
    duration = view.getUint32(offset)
    offset += 4
  }
  if (present & 0x10) {
    sizeBytes = view.getUint32(offset)
    offset += 4
  }
  if (present & 0x20) flags = view.getUint32(offset)
  return { track, duration, sizeBytes, flags }
}

const parseDecodeTime = (view: DataView, { bodyOffset, endOffset }: Box): number | null => {
  if (endOffset - bodyOffset < 8) return null
  if (view.getUint8(bodyOffset) === 0) return view.getUint32(bodyOffset + 4)
  return endOffset - bodyOffset < 12 ? null : readUint64(view, bodyOffset + 4)
}

interface Samples {
  readonly durations: Array<number>
  sizeBytes: number
  firstFlags: number | null
}

const readRun = (view: DataView, box: Box, header: FragmentHeader, samples: Samples): boolean => {
  const { bodyOffset, endOffset } = box
  if (endOffset - bodyOffset < 8) return false
  const present = view.getUint32(bodyOffset) & 0xff_ffff
  const count = view.getUint32(bodyOffset + 4)
  let offset = bodyOffset + 8 + (present & 0x1 ? 4 : 0)
  const durationAt = present & 0x100 ? 0 : -1
  const sizeAt = present & 0x200 ? (present & 0x100 ? 4 : 0) : -1
  const flagsAt = present & 0x400 ? (present & 0x100 ? 4 : 0) + (present & 0x200 ? 4 : 0) : -1
  const sampleBytes = 4 * bitCount((present >> 8) & 0xf)
  const hasFirstFlags = (present & 0x4) !== 0
  if (count === 0 || samples.durations.length + count > maxSamples) return false
  if (offset + (hasFirstFlags ? 4 : 0) + count * sampleBytes > endOffset) return false

  const runFlags = hasFirstFlags ? view.getUint32(offset) : header.flags
  if (hasFirstFlags) offset += 4
  if (samples.firstFlags === null) {
    samples.firstFlags = flagsAt >= 0 && !hasFirstFlags ? view.getUint32(offset + flagsAt) : runFlags
  }
  for (let index = 0; index < count; index++, offset += sampleBytes) {
    samples.durations.push(durationAt < 0 ? header.duration : view.getUint32(offset + durationAt))
    samples.sizeBytes += sizeAt < 0 ? header.sizeBytes : view.getUint32(offset + sizeAt)
  }
  return true
}

const bitCount = (fourBits: number): number =>
  (fourBits & 1) + ((fourBits >> 1) & 1) + ((fourBits >> 2) & 1) + ((fourBits >> 3) & 1)
