import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { readStamp } from "./frameStamp.ts"
import type { FrameStamp } from "./frameStamp.ts"
import { readBoxHeader } from "./mp4Boxes.ts"
import { readSamples } from "./mp4Samples.ts"
import { readTracks } from "./mp4Tracks.ts"
import type { Mp4Track } from "./mp4Tracks.ts"
import { nalUnitsOf } from "./nalUnits.ts"

const readAt = (descriptor: number, offset: number, sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(sizeBytes)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, sizeBytes, offset))
}

/**
 * The stamps of the video frames of a fragmented mp4 in file order, read without decoding.
 *
 * Tolerates a file that is still growing or was cut anywhere: the whole samples before the cut count, a
 * sample without a stamp is passed over. Throws when the file cannot be read.
 */
export const readFrameStamps = (filePath: string): Array<FrameStamp> => {
  const stamps: Array<FrameStamp> = []
  const descriptor = openSync(filePath, "r")
  try {
    const { size } = fstatSync(descriptor)
    let video: Mp4Track | null = null
    let offset = 0
    while (offset < size) {
      const header = readBoxHeader(readAt(descriptor, offset, 16), 0)
      if (header === null || header.sizeBytes < header.headerBytes) return stamps
      const end = offset + header.sizeBytes
      if (header.type === "moov" && end <= size) {
        const moov = readAt(descriptor, offset, header.sizeBytes)
        video =
          readTracks(moov, header.headerBytes, moov.length).find((track) => track.video !== null) ?? null
      }
      if (header.type === "moof" && end <= size && video !== null) {
        stamps.push(...fragmentStamps(descriptor, offset, header.sizeBytes, video))
      }
      offset = end
    }
    return stamps
  } finally {
    closeSync(descriptor)
  }
}

const fragmentStamps = (
  descriptor: number,
  moofOffset: number,
  moofBytes: number,
  { id, video }: Mp4Track,
): Array<FrameStamp> => {
  const stamps: Array<FrameStamp> = []
  if (video === null) return stamps
  const moof = readAt(descriptor, moofOffset, moofBytes)
  const box = { type: "moof", start: 0, contentStart: 8, end: moof.length }
  for (const sample of readSamples(moof, box, moofOffset)) {
    if (sample.trackId !== id) continue
    const bytes = readAt(descriptor, moofOffset + sample.offset, sample.sizeBytes)
    if (bytes.length < sample.sizeBytes) return stamps
    for (const nal of nalUnitsOf(bytes)) {
      const stamp = readStamp(nal, video.codec)
      if (stamp === null) continue
      stamps.push(stamp)
      break
    }
  }
  return stamps
}
