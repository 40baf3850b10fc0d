/** The NAL units of a sample with 4-byte length prefixes (ISO/IEC 14496-15); ends at a length that does not fit. */
export const nalUnitsOf = function* (sample: Buffer): Generator<Buffer> {
  let offset = 0
  while (offset + 4 <= sample.length) {
    const size = sample.readUInt32BE(offset)
    if (offset + 4 + size > sample.length) return
    yield sample.subarray(offset + 4, offset + 4 + size)
    offset += 4 + size
  }
}

/** The nal_unit_type of an H.264 NAL unit. */
export const h264NalType = (nal: Buffer): number => nal.readUInt8(0) & 0x1f

/** The nal_unit_type of an HEVC NAL unit. */
export const hevcNalType = (nal: Buffer): number => (nal.readUInt8(0) >> 1) & 0x3f
