import { closeSync, fstatSync, openSync, readSync } from "node:fs"

const chunkBytes = 65_536
/** A flood of warnings is read over several looks: reading it must not delay the fragments of other runs. */
const maxChunksPerLook = 8
const sequenceNumbers = 65_536

const missedLine = /RTP: missed (-?\d+) packets/
const repeatedLine = /Last message repeated (\d+) times/

/**
 * How many packets a line of FFmpeg's log says were missed; 0 for any other line.
 *
 * Sequence numbers that wrap in the midst of a loss: FFmpeg 5.1 counts one too few, so its 0 means 1; earlier versions
 * count below 0 (measured; see ARCHITECTURE.md).
 */
export const missedIn = (line: string): number => {
  const missed = Number(missedLine.exec(line)?.[1] ?? Number.NaN)
  if (Number.isNaN(missed)) return 0
  return missed < 0 ? missed + sequenceNumbers : Math.max(1, missed)
}

/** What new lines of the log say. */
export interface LossLook {
  readonly lostPackets: number
  /** More is there than was read. */
  readonly isBehind: boolean
  /** Lines were given up before they were read (`RunLog.keepSmall`): nobody knows how many packets they told of. */
  readonly isCut: boolean
}

/** Reads the log of a run that receives over UDP, line by line as it grows, for packets that FFmpeg missed. */
export class LossLog {
  readonly #descriptor: number
  readonly #buffer = Buffer.allocUnsafe(chunkBytes)
  #readBytes: number
  #lastMissed = 0

  private constructor(descriptor: number, readBytes: number) {
    this.#descriptor = descriptor
    this.#readBytes = readBytes
  }

  /** Null where there is no log, as after a start on a full disk, or none that can be read. */
  static open(path: string, readBytes: number): LossLog | null {
    try {
      return new LossLog(openSync(path, "r"), readBytes)
    } catch {
      return null
    }
  }

  /** Up to which byte it is read: the end of a line. */
  get readBytes(): number {
    return this.#readBytes
  }

  get sizeBytes(): number {
    return fstatSync(this.#descriptor).size
  }

  /** Passes over everything that is there. */
  skipToEnd(): void {
    this.#readBytes = this.sizeBytes
  }

  /** Reads the whole lines up to this size that were not read before; all of a log that was emptied meanwhile. */
  readTo(sizeBytes: number): LossLook {
    let isCut = sizeBytes < this.#readBytes
    if (isCut) this.#readBytes = 0
    let lostPackets = 0
    for (let count = 0; count < maxChunksPerLook && this.#readBytes < sizeBytes; count++) {
      const wantedBytes = Math.min(chunkBytes, sizeBytes - this.#readBytes)
      const length = readSync(this.#descriptor, this.#buffer, 0, wantedBytes, this.#readBytes)
      const chunk = this.#buffer.subarray(0, length)
      // FFmpeg writes no such byte: it is read where there is a hole.
      isCut ||= chunk.includes(0)
      const end = chunk.lastIndexOf(newline) + 1
      // A line that fills the whole buffer is none of those that are looked for.
      const isEndless = end === 0 && length === chunkBytes
      if (end === 0 && !isEndless) return { lostPackets, isBehind: false, isCut }
      lostPackets += this.#countIn(this.#buffer.toString("latin1", 0, end))
      this.#readBytes += isEndless ? length : end
    }
    return { lostPackets, isBehind: this.#readBytes < sizeBytes, isCut }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #countIn(text: string): number {
    let lostPackets = 0
    for (const line of text.split("\n").slice(0, -1)) {
      const times = Number(repeatedLine.exec(line)?.[1] ?? 0)
      if (times === 0) this.#lastMissed = missedIn(line)
      lostPackets += times === 0 ? this.#lastMissed : times * this.#lastMissed
    }
    return lostPackets
  }
}

const newline = 0x0a
