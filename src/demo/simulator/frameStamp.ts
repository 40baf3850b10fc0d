/** What a frame says about itself: its number in the life of its camera, and when it was sent. */
export interface FrameStamp {
  /** From 1, one more per frame; below 2^53. */
  readonly sequence: number
  /** Wall time of sending, Unix milliseconds. */
  readonly sentAtMillis: number
}

export type VideoCodec = "h264" | "hevc"

const stampUuid = Buffer.from("8f3c51d26b7e4a199d44e1c7b52a6f93", "hex")
const fieldBytes = 8
const userDataUnregistered = 5
const messageBytes = 2 + stampUuid.length + 2 * fieldBytes

/**
 * An SEI NAL unit with room for a stamp (user_data_unregistered, H.264 and H.265 annex D).
 *
 * Each field is 8 bytes of 7 bits with the top bit set: no byte is ever zero, so no emulation prevention
 * byte is needed, the size never changes and a stamp can be rewritten in place.
 */
export const stampNal = (codec: VideoCodec): Buffer =>
  Buffer.concat([
    codec === "h264" ? Buffer.from([0x06]) : Buffer.from([39 << 1, 1]),
    Buffer.from([userDataUnregistered, stampUuid.length + 2 * fieldBytes]),
    stampUuid,
    Buffer.alloc(2 * fieldBytes, 0x80),
    Buffer.from([0x80]),
  ])

/** Where the stamp's fields begin inside its NAL unit. */
export const stampOffsetInNal = (codec: VideoCodec): number =>
  (codec === "h264" ? 1 : 2) + 2 + stampUuid.length

const writeField = (target: Buffer, offset: number, value: number): void => {
  let high = Math.floor(value / 0x10000000)
  let low = value % 0x10000000
  for (let index = 3; index >= 0; index -= 1) {
    target[offset + index] = (high & 0x7f) | 0x80
    target[offset + 4 + index] = (low & 0x7f) | 0x80
    high >>>= 7
    low >>>= 7
  }
}

const readField = (source: Buffer, offset: number): number => {
  let value = 0
  for (let index = 0; index < fieldBytes; index += 1) {
    value = value * 128 + (source.readUInt8(offset + index) & 0x7f)
  }
  return value
}

/** Writes a stamp over the fields at `offset` (see `stampOffsetInNal`). */
export const writeStamp = (target: Buffer, offset: number, stamp: FrameStamp): void => {
  writeField(target, offset, stamp.sequence)
  writeField(target, offset + fieldBytes, stamp.sentAtMillis)
}

/** The stamp inside a NAL unit, or null when the unit is anything else. */
export const readStamp = (nal: Buffer, codec: VideoCodec): FrameStamp | null => {
  const headerBytes = codec === "h264" ? 1 : 2
  if (nal.length < headerBytes + messageBytes) return null
  const type = codec === "h264" ? nal.readUInt8(0) & 0x1f : (nal.readUInt8(0) >> 1) & 0x3f
  if (type !== (codec === "h264" ? 6 : 39)) return null
  if (nal.readUInt8(headerBytes) !== userDataUnregistered) return null
  const uuidOffset = headerBytes + 2
  if (nal.compare(stampUuid, 0, stampUuid.length, uuidOffset, uuidOffset + stampUuid.length) !== 0)
    return null
  const offset = uuidOffset + stampUuid.length
  return { sequence: readField(nal, offset), sentAtMillis: readField(nal, offset + fieldBytes) }
}
