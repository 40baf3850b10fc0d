import { boxesIn, findBox } from "./mp4Boxes.ts"
import type { VideoCodec } from "./frameStamp.ts"

/** What a `moov` says about one track. */
export interface Mp4Track {
  readonly id: number
  readonly handler: string
  readonly sampleEntry: string
  /** Null unless the sample entry is one of H.264 or HEVC. */
  readonly video: { readonly codec: VideoCodec; readonly parameterSets: ReadonlyArray<Buffer> } | null
}

const visualSampleEntryBytes = 78

const avcParameterSets = (config: Buffer): Array<Buffer> => {
  const found: Array<Buffer> = []
  let offset = 5
  for (const mask of [0x1f, 0xff]) {
    let remaining = config.readUInt8(offset) & mask
    offset += 1
    for (; remaining > 0; remaining -= 1) {
      const size = config.readUInt16BE(offset)
      found.push(config.subarray(offset + 2, offset + 2 + size))
      offset += 2 + size
    }
  }
  return found
}

const hevcParameterSets = (config: Buffer): Array<Buffer> => {
  const found: Array<Buffer> = []
  let arrays = config.readUInt8(22)
  let offset = 23
  for (; arrays > 0; arrays -= 1) {
    const type = config.readUInt8(offset) & 0x3f
    let remaining = config.readUInt16BE(offset + 1)
    offset += 3
    for (; remaining > 0; remaining -= 1) {
      const size = config.readUInt16BE(offset)
      if (type >= 32 && type <= 34) found.push(config.subarray(offset + 2, offset + 2 + size))
      offset += 2 + size
    }
  }
  return found
}

/** The tracks of the `moov` between two offsets, with the parameter sets of `avcC` or `hvcC` (ISO/IEC 14496-15). */
export const readTracks = (bytes: Buffer, moovStart: number, moovEnd: number): Array<Mp4Track> => {
  const tracks: Array<Mp4Track> = []
  for (const trak of boxesIn(bytes, moovStart, moovEnd)) {
    if (trak.type !== "trak") continue
    const header = findBox(bytes, trak.contentStart, trak.end, "tkhd")
    const handler = findBox(bytes, trak.contentStart, trak.end, "mdia", "hdlr")
    const descriptions = findBox(bytes, trak.contentStart, trak.end, "mdia", "minf", "stbl", "stsd")
    if (header === null || handler === null || descriptions === null) continue
    const longTimes = bytes.readUInt8(header.contentStart) === 1
    const entry = boxesIn(bytes, descriptions.contentStart + 8, descriptions.end).next()
    if (entry.done === true) continue
    const configStart = entry.value.contentStart + visualSampleEntryBytes
    const avc = findBox(bytes, configStart, entry.value.end, "avcC")
    const hevc = findBox(bytes, configStart, entry.value.end, "hvcC")
    tracks.push({
      id: bytes.readUInt32BE(header.contentStart + (longTimes ? 20 : 12)),
      handler: bytes.toString("latin1", handler.contentStart + 8, handler.contentStart + 12),
      sampleEntry: entry.value.type,
      video:
        avc !== null
          ? { codec: "h264", parameterSets: avcParameterSets(bytes.subarray(avc.contentStart, avc.end)) }
          : hevc !== null
            ? { codec: "hevc", parameterSets: hevcParameterSets(bytes.subarray(hevc.contentStart, hevc.end)) }
            : null,
    })
  }
  return tracks
}
