/** One box of an mp4 file (ISO/IEC 14496-12): its type and where its content lies in the buffer. */
export interface Mp4Box {
  readonly type: string
  readonly start: number
  readonly contentStart: number
  readonly end: number
}

/** The size and type of the box at `offset`, or null when fewer bytes than its header are there. */
export const readBoxHeader = (
  bytes: Buffer,
  offset: number,
): { type: string; headerBytes: number; sizeBytes: number } | null => {
  if (offset + 8 > bytes.length) return null
  const type = bytes.toString("latin1", offset + 4, offset + 8)
  const shortSize = bytes.readUInt32BE(offset)
  if (shortSize !== 1) return { type, headerBytes: 8, sizeBytes: shortSize }
  if (offset + 16 > bytes.length) return null
  return { type, headerBytes: 16, sizeBytes: Number(bytes.readBigUInt64BE(offset + 8)) }
}

/** The whole boxes between two offsets, in order; ends silently at a box that is cut off or damaged. */
export const boxesIn = function* (bytes: Buffer, from: number, to: number): Generator<Mp4Box> {
  let offset = from
  while (offset < to) {
    const header = readBoxHeader(bytes, offset)
    if (header === null || header.sizeBytes < header.headerBytes || offset + header.sizeBytes > to) return
    const end = offset + header.sizeBytes
    yield { type: header.type, start: offset, contentStart: offset + header.headerBytes, end }
    offset = end
  }
}

/** The first box at the end of a path of types, or null. */
export const findBox = (
  bytes: Buffer,
  from: number,
  to: number,
  ...path: ReadonlyArray<string>
): Mp4Box | null => {
  const [type, ...rest] = path
  for (const box of boxesIn(bytes, from, to)) {
    if (box.type !== type) continue
    return rest.length === 0 ? box : findBox(bytes, box.contentStart, box.end, ...rest)
  }
  return null
}
