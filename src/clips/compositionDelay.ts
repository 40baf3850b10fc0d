import { type Box, readChildBoxes } from "../recorder/segments/boxReader.ts"
import type { Movie } from "../recorder/segments/movieBox.ts"

/**
 * How much later than it is decoded the first picture of a fragment is shown, in seconds.
 *
 * More than 0 where pictures refer to later ones (B-frames). `moof` is that whole box; 0 where it is not.
 */
export const compositionDelaySeconds = (moof: DataView, { video }: Movie): number => {
  if (video === null) return 0
  const within = (box: Box) => readChildBoxes(moof, box.bodyOffset, box.endOffset) ?? []
  const [root] = readChildBoxes(moof, 0, moof.byteLength) ?? []
  for (const traf of root === undefined ? [] : within(root)) {
    if (traf.type !== "traf") continue
    const boxes = within(traf)
    const header = boxes.find(({ type }) => type === "tfhd")
    const run = boxes.find(({ type }) => type === "trun")
    if (header === undefined || run === undefined) continue
    if (moof.getUint32(header.bodyOffset + 4) !== video.id) continue
    return firstOffsetOf(moof, run) / video.timescale
  }
  return 0
}

/** The composition offset of the first sample of a `trun` (ISO/IEC 14496-12, 8.8.8). */
const firstOffsetOf = (view: DataView, { bodyOffset, endOffset }: Box): number => {
  const flags = view.getUint32(bodyOffset) & 0xff_ffff
  if ((flags & 0x800) === 0) return 0
  const fieldsBefore = [0x1, 0x4, 0x100, 0x200, 0x400].filter((flag) => (flags & flag) !== 0).length
  const offset = bodyOffset + 8 + 4 * fieldsBefore
  if (offset + 4 > endOffset) return 0
  return view.getUint8(bodyOffset) === 0 ? view.getUint32(offset) : view.getInt32(offset)
}
