import type { PacketTrain } from "./PacketTrain.ts"
import type { FrameStamp } from "./frameStamp.ts"
import { randomInteger } from "./seededRandom.ts"
import type { Random } from "./seededRandom.ts"

const secondsFrom1900To1970 = 2_208_988_800

/** The RTP state of one track of a camera (RFC 3550): all its clients see the same SSRC, numbers and timestamps. */
export class RtpStream {
  readonly clockRate: number
  readonly #ssrc: number
  readonly #firstTimestamp: number
  #sequence: number
  #packets = 0
  #payloadBytes = 0

  constructor(clockRate: number, random: Random) {
    this.clockRate = clockRate
    this.#ssrc = randomInteger(random, 2 ** 32)
    this.#firstTimestamp = randomInteger(random, 2 ** 32)
    this.#sequence = randomInteger(random, 2 ** 16)
  }

  timestampAt(mediaMillis: number): number {
    const ticks = this.#firstTimestamp + Math.round((mediaMillis * this.clockRate) / 1000)
    return ((ticks % 2 ** 32) + 2 ** 32) % 2 ** 32
  }

  /** Makes the train the next packets of this stream. */
  claim(train: PacketTrain, mediaMillis: number, stamp: FrameStamp | null): void {
    const timestamp = this.timestampAt(mediaMillis)
    train.rewrite({ ssrc: this.#ssrc, firstSequence: this.#sequence, timestamp }, stamp)
    this.#sequence = (this.#sequence + train.packets) % 2 ** 16
    this.#packets += train.packets
    this.#payloadBytes += train.payloadBytes
  }

  /** A sender report (RFC 3550, 6.4.1) with a CNAME; `clockWallMillis` is media time 0 on the camera's wall clock. */
  senderReport(mediaMillis: number, clockWallMillis: number): Buffer {
    const report = Buffer.alloc(28 + 20)
    const unixMillis = clockWallMillis + mediaMillis
    const seconds = Math.floor(unixMillis / 1000)
    report.writeUInt32BE(0x80c80006, 0)
    report.writeUInt32BE(this.#ssrc, 4)
    report.writeUInt32BE((seconds + secondsFrom1900To1970) % 2 ** 32, 8)
    report.writeUInt32BE(Math.floor(((unixMillis - seconds * 1000) / 1000) * 2 ** 32), 12)
    report.writeUInt32BE(this.timestampAt(mediaMillis), 16)
    report.writeUInt32BE(this.#packets % 2 ** 32, 20)
    report.writeUInt32BE(this.#payloadBytes % 2 ** 32, 24)
    report.writeUInt32BE(0x81ca0004, 28)
    report.writeUInt32BE(this.#ssrc, 32)
    report.writeUInt8(1, 36)
    report.writeUInt8(6, 37)
    report.write("camera", 38, "latin1")
    return report
  }
}
