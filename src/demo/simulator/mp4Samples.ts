import { boxesIn } from "./mp4Boxes.ts"
import type { Mp4Box } from "./mp4Boxes.ts"

/** One sample of a fragment, in decode order. */
export interface Mp4Sample {
  readonly trackId: number
  /** From the first byte of the `moof`. */
  readonly offset: number
  readonly sizeBytes: number
  /** Presentation minus decode time, in the track's timescale. */
  readonly compositionOffset: number
}

interface FragmentHeader {
  readonly trackId: number
  readonly baseOffset: number
  readonly defaultSizeBytes: number
}

const readFragmentHeader = (bytes: Buffer, box: Mp4Box, moofFileOffset: number): FragmentHeader => {
  const flags = bytes.readUInt32BE(box.contentStart) & 0xffffff
  const trackId = bytes.readUInt32BE(box.contentStart + 4)
  let offset = box.contentStart + 8
  let baseOffset = 0
  if (flags & 0x1) {
    baseOffset = Number(bytes.readBigUInt64BE(offset)) - moofFileOffset
    offset += 8
  }
  if (flags & 0x2) offset += 4
  if (flags & 0x8) offset += 4
  return { trackId, baseOffset, defaultSizeBytes: flags & 0x10 ? bytes.readUInt32BE(offset) : 0 }
}

const readRun = function* (bytes: Buffer, box: Mp4Box, header: FragmentHeader): Generator<Mp4Sample> {
  const flags = bytes.readUInt32BE(box.contentStart) & 0xffffff
  const count = bytes.readUInt32BE(box.contentStart + 4)
  let offset = box.contentStart + 8
  let dataOffset = header.baseOffset
  if (flags & 0x1) {
    dataOffset += bytes.readInt32BE(offset)
    offset += 4
  }
  if (flags & 0x4) offset += 4
  for (let index = 0; index < count; index += 1) {
    let sizeBytes = header.defaultSizeBytes
    let compositionOffset = 0
    if (flags & 0x100) offset += 4
    if (flags & 0x200) {
      sizeBytes = bytes.readUInt32BE(offset)
      offset += 4
    }
    if (flags & 0x400) offset += 4
    if (flags & 0x800) {
      compositionOffset = bytes.readInt32BE(offset)
      offset += 4
    }
    yield { trackId: header.trackId, offset: dataOffset, sizeBytes, compositionOffset }
    dataOffset += sizeBytes
  }
}

/**
 * The samples that a whole `moof` describes (ISO/IEC 14496-12, 8.8), track by track in decode order.
 *
 * `bytes` begins with the `moof`; `moofFileOffset` is where it lies in the file.
 */
export const readSamples = function* (
  bytes: Buffer,
  moof: Mp4Box,
  moofFileOffset: number,
): Generator<Mp4Sample> {
  for (const traf of boxesIn(bytes, moof.contentStart, moof.end)) {
    if (traf.type !== "traf") continue
    let header: FragmentHeader | null = null
    for (const box of boxesIn(bytes, traf.contentStart, traf.end)) {
      if (box.type === "tfhd") header = readFragmentHeader(bytes, box, moofFileOffset)
      if (box.type === "trun" && header !== null) yield* readRun(bytes, box, header)
    }
  }
}
