import { type Box, boxType, readBoxHeader, readChildBoxes } from "../recorder/segments/boxReader.ts"

/** How the samples of a track are coded: two tracks with the same configuration serve the same decoder. */
export interface Coding {
  /** For people: `H.264`. */
  readonly name: string
  /** The decoder's own parameters in hexadecimal, without what only describes the bit rate. */
  readonly configuration: string
}

/** The codings of a recording; null where it has no such track. */
export interface Codings {
  readonly video: Coding | null
  readonly audio: Coding | null
}

const names: Readonly<Record<string, string>> = {
  avc1: "H.264",
  avc3: "H.264",
  hev1: "H.265",
  hvc1: "H.265",
  mp4a: "AAC",
  Opus: "Opus",
}

/** Boxes on the way to the sample descriptions (ISO/IEC 14496-12, 8.5.2). */
const wayDown: ReadonlySet<string> = new Set(["trak", "mdia", "minf", "stbl"])

/** Fields of a sample entry before its boxes (ISO/IEC 14496-12, 12.1.3 and 12.2.3). */
const videoFieldBytes = 78
const audioFieldBytes = 28

/** Reads how the tracks of a file are coded from its beginning, which holds the whole `moov`. */
export const codingsOf = (head: Uint8Array): Codings => {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  let video: Coding | null = null
  let audio: Coding | null = null
  const search = (from: number, to: number): void => {
    for (const box of readChildBoxes(view, from, to) ?? []) {
      if (wayDown.has(box.type)) search(box.bodyOffset, box.endOffset)
      if (box.type !== "stsd") continue
      const [entry] = readChildBoxes(view, box.bodyOffset + 8, box.endOffset) ?? []
      if (entry === undefined) continue
      video ??= codingOf(view, entry, videoFieldBytes, videoBoxes)
      audio ??= codingOf(view, entry, audioFieldBytes, audioBoxes)
    }
  }
  for (let offset = 0; offset < head.byteLength;) {
    const header = readBoxHeader(view, offset)
    if (header === "incomplete" || header === "damaged") break
    const end = offset + header.sizeBytes
    if (header.type === "moov" && end <= head.byteLength) search(offset + header.headerBytes, end)
    offset = end
  }
  return { video, audio }
}

const videoBoxes: ReadonlySet<string> = new Set(["avcC", "hvcC"])
const audioBoxes: ReadonlySet<string> = new Set(["esds", "dOps"])

const codingOf = (
  view: DataView,
  entry: Box,
  fieldBytes: number,
  configurationBoxes: ReadonlySet<string>,
): Coding | null => {
  const boxes = readChildBoxes(view, entry.bodyOffset + fieldBytes, entry.endOffset) ?? []
  const box = boxes.find(({ type }) => configurationBoxes.has(type))
  if (box === undefined) return null
  const from = box.type === "esds" ? decoderInfoOffset(view, box) : box.bodyOffset
  const configuration = Buffer.from(view.buffer, view.byteOffset + from, box.endOffset - from).toString("hex")
  const type = boxType(view, entry.bodyOffset - 4)
  return { name: names[type] ?? type, configuration: `${type} ${configuration}` }
}

/** Behind the bit rates of an elementary stream descriptor (ISO/IEC 14496-1, 7.2.6.5 and 7.2.6.6). */
const decoderInfoOffset = (view: DataView, { bodyOffset, endOffset }: Box): number => {
  const decoderConfigTag = 4
  for (let offset = bodyOffset + 4; offset + 2 < endOffset;) {
    const tag = view.getUint8(offset)
    offset += 1
    while (offset < endOffset && view.getUint8(offset) >= 0x80) offset += 1
    offset += 1
    // The elementary stream's own fields are three bytes; the decoder's thirteen end with the bit rates.
    if (tag === decoderConfigTag) return Math.min(endOffset, offset + 13)
    offset += 3
  }
  return bodyOffset
}
