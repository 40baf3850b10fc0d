import { readFileSync } from "node:fs"
import { cpuSeconds } from "../verify/processCost.ts"

interface Reading {
  readonly atMillis: number
  readonly cpuSeconds: number
  readonly readBytes: number
  readonly writtenBytes: number
}

const counterIn = (io: string, name: string): number =>
  Number(new RegExp(`^${name}: (\\d+)`, "m").exec(io)?.[1])

export interface PerSecond {
  readonly cpuPercent: number
  readonly readBytes: number
  readonly writtenBytes: number
}

/** What `/proc` says of a process, read all the time, to be asked later for any window (Unix milliseconds). */
export class ProcessRecord {
  readonly #pid: number
  readonly #readings: Array<Reading> = []
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#pid = pid
    this.#timer = setInterval(() => this.#read(), 10)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Per second of the window. */
  over(fromMillis: number, toMillis: number): PerSecond {
    const [first, last] = [this.#at(fromMillis), this.#at(toMillis)]
    const seconds = (last.atMillis - first.atMillis) / 1000
    return {
      cpuPercent: (100 * (last.cpuSeconds - first.cpuSeconds)) / seconds,
      readBytes: (last.readBytes - first.readBytes) / seconds,
      writtenBytes: (last.writtenBytes - first.writtenBytes) / seconds,
    }
  }

  #read(): void {
    const io = readFileSync(`/proc/${this.#pid}/io`, "utf8")
    this.#readings.push({
      atMillis: Date.now(),
      cpuSeconds: cpuSeconds(this.#pid),
      readBytes: counterIn(io, "read_bytes"),
      // What was taken back before it reached the disk was not written.
      writtenBytes: counterIn(io, "write_bytes") - counterIn(io, "cancelled_write_bytes"),
    })
  }

  #at(millis: number): Reading {
    const nearest = this.#readings.toSorted(
      (a, b) => Math.abs(a.atMillis - millis) - Math.abs(b.atMillis - millis),
    )[0]
    if (nearest === undefined) throw new Error("the process was not read")
    return nearest
  }
}
