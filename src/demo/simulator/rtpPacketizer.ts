import { stampNal, stampOffsetInNal } from "./frameStamp.ts"
import type { VideoCodec } from "./frameStamp.ts"
import type { PacketLabel } from "./packetLabels.ts"
import { PacketTrain, interleavedHeaderBytes, rtpHeaderBytes } from "./PacketTrain.ts"

/** Payload bytes per RTP packet: with all headers below an Ethernet frame of 1,500 bytes. */
const maximumPayloadBytes = 1400

/** H.264 payloads of a NAL unit: itself when it fits, else FU-A fragments (RFC 6184, 5.6 and 5.8). */
export const h264Payloads = (nal: Buffer): Array<Buffer> => {
  if (nal.length <= maximumPayloadBytes) return [nal]
  const header = nal.readUInt8(0)
  return fragmentsOf(nal, 1, 2, (isFirst, isLast) => [
    (header & 0x60) | 28,
    (header & 0x1f) | (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0),
  ])
}

/** HEVC payloads of a NAL unit: itself when it fits, else fragmentation units (RFC 7798, 4.4.1 and 4.4.3). */
export const hevcPayloads = (nal: Buffer): Array<Buffer> => {
  if (nal.length <= maximumPayloadBytes) return [nal]
  const first = nal.readUInt8(0)
  const second = nal.readUInt8(1)
  return fragmentsOf(nal, 2, 3, (isFirst, isLast) => [
    (first & 0x81) | (49 << 1),
    second,
    ((first >> 1) & 0x3f) | (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0),
  ])
}

const fragmentsOf = (
  nal: Buffer,
  nalHeaderBytes: number,
  fragmentHeaderBytes: number,
  headerOf: (isFirst: boolean, isLast: boolean) => ReadonlyArray<number>,
): Array<Buffer> => {
  const payloads: Array<Buffer> = []
  const step = maximumPayloadBytes - fragmentHeaderBytes
  for (let offset = nalHeaderBytes; offset < nal.length; offset += step) {
    const end = Math.min(offset + step, nal.length)
    const header = headerOf(offset === nalHeaderBytes, end === nal.length)
    payloads.push(Buffer.concat([Buffer.from(header), nal.subarray(offset, end)]))
  }
  return payloads
}

/** The payload of one AAC access unit, mode AAC-hbr: a 13-bit size and a 3-bit index (RFC 3640, 3.3.6). */
export const aacPayload = (unit: Buffer): Buffer => {
  const header = Buffer.from([0, 16, 0, 0])
  header.writeUInt16BE(unit.length << 3, 2)
  return Buffer.concat([header, unit])
}

/** The packets of one video access unit: its NAL units with a stamp before the first of `nals` that is a slice. */
export const packetizeVideo = (
  codec: VideoCodec,
  frame: {
    readonly parameterSets: ReadonlyArray<Buffer>
    readonly nals: ReadonlyArray<Buffer>
    readonly isKeyframe: boolean
  },
  label: PacketLabel,
): PacketTrain => {
  const stamp = stampNal(codec)
  const payloadsOf = codec === "h264" ? h264Payloads : hevcPayloads
  const before = frame.parameterSets.flatMap(payloadsOf)
  const payloads = [...before, stamp, ...frame.nals.flatMap(payloadsOf)]
  const bytesBeforeStamp = before.reduce((sum, payload) => sum + packetBytes(payload), 0)
  const stampOffset = bytesBeforeStamp + interleavedHeaderBytes + rtpHeaderBytes + stampOffsetInNal(codec)
  return trainOf(payloads, label, { marker: true, isKeyframe: frame.isKeyframe, stampOffset })
}

/** The one packet of an audio frame. */
export const packetizeAudio = (payload: Buffer, label: PacketLabel, marker: boolean): PacketTrain =>
  trainOf([payload], label, { marker, isKeyframe: false, stampOffset: null })

const packetBytes = (payload: Buffer): number => interleavedHeaderBytes + rtpHeaderBytes + payload.length

const trainOf = (
  payloads: ReadonlyArray<Buffer>,
  label: PacketLabel,
  facts: { readonly marker: boolean; readonly isKeyframe: boolean; readonly stampOffset: number | null },
): PacketTrain => {
  const bytes = Buffer.alloc(payloads.reduce((sum, payload) => sum + packetBytes(payload), 0))
  const offsets: Array<number> = []
  let offset = 0
  for (const [index, payload] of payloads.entries()) {
    const isLast = index === payloads.length - 1
    offsets.push(offset)
    bytes.writeUInt8(0x24, offset)
    bytes.writeUInt8(label.channel, offset + 1)
    bytes.writeUInt16BE(rtpHeaderBytes + payload.length, offset + 2)
    bytes.writeUInt8(0x80, offset + 4)
    bytes.writeUInt8(label.payloadType | (isLast && facts.marker ? 0x80 : 0), offset + 5)
    payload.copy(bytes, offset + interleavedHeaderBytes + rtpHeaderBytes)
    offset += packetBytes(payload)
  }
  return new PacketTrain(bytes, offsets, facts.isKeyframe, facts.stampOffset)
}
