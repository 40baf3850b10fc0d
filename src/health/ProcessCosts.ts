import type { ProcessReading } from "./processReading.ts"

/** What a process costs, over the same window for all its figures. */
export interface ProcessCost {
  /** Of one core; 200 is two cores. */
  readonly cpuPercent: number
  readonly residentBytes: number
  readonly readBytesPerSecond: number | null
  /** Null also where the file system does not count, so that nothing was ever written. */
  readonly writtenBytesPerSecond: number | null
}

interface Sample {
  readonly atMillis: number
  readonly reading: ProcessReading
}

interface Watched {
  readonly pid: number
  readonly samples: ReadonlyArray<Sample>
}

/** The kernel counts CPU time in steps of 10 ms: over one sample alone a frugal process would show as steps of 0.2 %. */
const spanMillis = 10_000

const isSameProcess = (watched: Watched, pid: number, reading: ProcessReading): boolean =>
  watched.pid === pid && watched.samples.at(-1)?.reading.startTicks === reading.startTicks

const hasGoneBack = (before: ProcessReading, after: ProcessReading): boolean =>
  after.cpuSeconds < before.cpuSeconds || (after.io?.readBytes ?? 0) < (before.io?.readBytes ?? 0)

/** The samples of the last `spanMillis`, and one before them, from which they count. */
const recent = (samples: ReadonlyArray<Sample>, nowMillis: number): ReadonlyArray<Sample> => {
  const first = samples.findLastIndex(({ atMillis }) => atMillis <= nowMillis - spanMillis)
  return samples.slice(Math.max(0, first))
}

/**
 * What each of some processes costs, from samples of the kernel's counters.
 *
 * A process counts from its second sample on. Another process under the same key, also with the same pid, begins anew;
 * so does one whose counters went back. What a process did between its last sample and its end is not seen.
 */
export class ProcessCosts<Key> {
  readonly #read: (pid: number) => ProcessReading | null
  #watched: ReadonlyMap<Key, Watched> = new Map()

  constructor(read: (pid: number) => ProcessReading | null) {
    this.#read = read
  }

  /** @param atMillis of a monotonic clock */
  sample(pids: ReadonlyMap<Key, number>, atMillis: number): void {
    const watched = new Map<Key, Watched>()
    for (const [key, pid] of pids) {
      const reading = this.#read(pid)
      if (reading === null) continue
      const before = this.#watched.get(key)
      const last = before?.samples.at(-1)?.reading
      const goesOn =
        before !== undefined &&
        last !== undefined &&
        isSameProcess(before, pid, reading) &&
        !hasGoneBack(last, reading)
      const samples = [...(goesOn ? before.samples : []), { atMillis, reading }]
      watched.set(key, { pid, samples: recent(samples, atMillis) })
    }
    this.#watched = watched
  }

  /** Null before the second sample of a process, and once it has ended. */
  of(key: Key): ProcessCost | null {
    const samples = this.#watched.get(key)?.samples ?? []
    const [first, last] = [samples[0], samples.at(-1)]
    if (first === undefined || last === undefined || first === last) return null
    const seconds = (last.atMillis - first.atMillis) / 1000
    const [from, to] = [first.reading, last.reading]
    const rate = (before: number | undefined, after: number | undefined): number | null =>
      before === undefined || after === undefined ? null : (after - before) / seconds
    return {
      cpuPercent: (100 * (to.cpuSeconds - from.cpuSeconds)) / seconds,
      residentBytes: to.residentBytes,
      readBytesPerSecond: rate(from.io?.readBytes, to.io?.readBytes),
      writtenBytesPerSecond:
        to.io?.writtenBytes === 0 ? null : rate(from.io?.writtenBytes, to.io?.writtenBytes),
    }
  }
}
