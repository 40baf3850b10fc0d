import { writeStamp } from "./frameStamp.ts"
import type { FrameStamp } from "./frameStamp.ts"

/** `$`, channel, length (RFC 2326, 10.12). */
export const interleavedHeaderBytes = 4
/** An RTP header without extension or CSRC (RFC 3550, 5.1). */
export const rtpHeaderBytes = 12

/** What is rewritten in the headers each time a train is sent. */
export interface TrainHeader {
  readonly ssrc: number
  /** Of the first packet; the others count on from it, modulo 2^16. */
  readonly firstSequence: number
  readonly timestamp: number
}

/**
 * The RTP packets of one access unit or audio frame, back to back as on an interleaved connection.
 *
 * Built once per clip and rewritten in place for each sending: a frame costs its headers and one write. A
 * socket that could not take all bytes at once still refers to them: then `detach` gives the train a copy.
 */
export class PacketTrain {
  bytes: Buffer
  readonly offsets: ReadonlyArray<number>
  readonly isKeyframe: boolean
  readonly #stampOffset: number | null

  constructor(
    bytes: Buffer,
    offsets: ReadonlyArray<number>,
    isKeyframe: boolean,
    stampOffset: number | null,
  ) {
    this.bytes = bytes
    this.offsets = offsets
    this.isKeyframe = isKeyframe
    this.#stampOffset = stampOffset
  }

  get packets(): number {
    return this.offsets.length
  }

  /** Bytes of RTP payload, as a sender report counts them. */
  get payloadBytes(): number {
    return this.bytes.length - this.packets * (interleavedHeaderBytes + rtpHeaderBytes)
  }

  rewrite(header: TrainHeader, stamp: FrameStamp | null): void {
    const { bytes } = this
    let sequence = header.firstSequence
    for (const offset of this.offsets) {
      bytes.writeUInt16BE(sequence & 0xffff, offset + 6)
      bytes.writeUInt32BE(header.timestamp, offset + 8)
      bytes.writeUInt32BE(header.ssrc, offset + 12)
      sequence += 1
    }
    if (stamp !== null && this.#stampOffset !== null) writeStamp(bytes, this.#stampOffset, stamp)
  }

  /** Leaves the present bytes to whoever holds them and goes on with a copy. */
  detach(): void {
    this.bytes = Buffer.from(this.bytes)
  }

  /** A copy that lacks the packets for which `isLost` says so; null when none is left. */
  without(isLost: ReadonlyArray<boolean>): PacketTrain | null {
    const kept = this.#packetBytes().filter((_, index) => isLost[index] !== true)
    return kept.length === 0 ? null : this.#copyOf(kept)
  }

  /** A copy whose packets carry another interleaved channel. */
  onChannel(channel: number): PacketTrain {
    const copy = this.#copyOf(this.#packetBytes())
    for (const offset of copy.offsets) copy.bytes.writeUInt8(channel, offset + 1)
    return copy
  }

  /** The packets as datagrams, without the interleaved header, in fresh memory. */
  datagrams(): Array<Buffer> {
    return this.#copyOf(this.#packetBytes())
      .#packetBytes()
      .map((packet) => packet.subarray(interleavedHeaderBytes))
  }

  #packetBytes(): Array<Buffer> {
    return this.offsets.map((offset, index) => this.bytes.subarray(offset, this.offsets[index + 1]))
  }

  #copyOf(packets: ReadonlyArray<Buffer>): PacketTrain {
    const offsets: Array<number> = []
    let offset = 0
    for (const packet of packets) {
      offsets.push(offset)
      offset += packet.length
    }
    return new PacketTrain(Buffer.concat(packets), offsets, this.isKeyframe, null)
  }
}
