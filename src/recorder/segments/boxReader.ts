/** One ISO base media box (ISO/IEC 14496-12, 4.2): offsets are bytes into the view it was read from. */
export interface Box {
  readonly type: string
  readonly bodyOffset: number
  readonly endOffset: number
}

/** Header of a box, as far as it can be told before the box is whole. */
export interface BoxHeader {
  readonly type: string
  readonly headerBytes: number
  /** Length of header and body. */
  readonly sizeBytes: number
}

/** Bytes that hold any box header: 8, or 16 with a 64-bit size. */
export const maxBoxHeaderBytes = 16

/**
 * Reads the header of a box at `offset`.
 *
 * `incomplete` where the view ends inside the header; `damaged` where the size cannot be one. A size
 * of 0 ("to the end of the file") counts as damage: a growing file has no end yet.
 */
export const readBoxHeader = (view: DataView, offset: number): BoxHeader | "incomplete" | "damaged" => {
  if (offset + 8 > view.byteLength) return "incomplete"
  const shortSize = view.getUint32(offset)
  const type = boxType(view, offset + 4)
  if (shortSize !== 1) {
    return shortSize < 8 ? "damaged" : { type, headerBytes: 8, sizeBytes: shortSize }
  }
  if (offset + maxBoxHeaderBytes > view.byteLength) return "incomplete"
  const sizeBytes = view.getUint32(offset + 8) * 0x1_0000_0000 + view.getUint32(offset + 12)
  if (sizeBytes < maxBoxHeaderBytes || !Number.isSafeInteger(sizeBytes)) return "damaged"
  return { type, headerBytes: maxBoxHeaderBytes, sizeBytes }
}

/** Lists the boxes between two offsets; `null` unless they fill that range exactly. */
export const readChildBoxes = (
  view: DataView,
  fromOffset: number,
  toOffset: number,
): ReadonlyArray<Box> | null => {
  const children: Array<Box> = []
  let offset = fromOffset
  while (offset < toOffset) {
    const header = readBoxHeader(view, offset)
    if (header === "incomplete" || header === "damaged") return null
    const endOffset = offset + header.sizeBytes
    if (endOffset > toOffset) return null
    children.push({ type: header.type, bodyOffset: offset + header.headerBytes, endOffset })
    offset = endOffset
  }
  return children
}

/** Reads a four-character code. */
export const boxType = (view: DataView, offset: number): string =>
  String.fromCharCode(
    view.getUint8(offset),
    view.getUint8(offset + 1),
    view.getUint8(offset + 2),
    view.getUint8(offset + 3),
  )

/** Reads a 64-bit unsigned number; `null` beyond the exact integers of a double. */
export const readUint64 = (view: DataView, offset: number): number | null => {
  const value = view.getUint32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4)
  return Number.isSafeInteger(value) ? value : null
}
