import type { ProcessReading } from "./processReading.ts"

/** What a process costs, over the same window for all its figures. */
export interface ProcessCost {
  /** Of one core; 200 is two cores. */
  readonly cpuPercent: number
  readonly residentBytes: number
  readonly readBytesPerSecond: number | null
  /** Null also where the file system does not count what is written to it (tmpfs, FUSE). */
  readonly writtenBytesPerSecond: number | null
}

interface Sample {
  readonly atMillis: number
  readonly reading: ProcessReading
  /** By how much its files had grown; null where nobody looks at them. */
  readonly grownBytes: number | null
}

interface Watched {
  readonly pid: number
  readonly first: Sample
  readonly samples: ReadonlyArray<Sample>
}

/** The kernel counts CPU time in steps of 10 ms: over one sample alone a frugal process would show as steps of 0.2 %. */
const spanMillis = 10_000

const isSameProcess = (watched: Watched, pid: number, reading: ProcessReading): boolean =>
  watched.pid === pid && watched.samples.at(-1)?.reading.startTicks === reading.startTicks

const hasGoneBack = (before: ProcessReading, after: ProcessReading): boolean =>
  after.cpuSeconds < before.cpuSeconds || (after.io?.readBytes ?? 0) < (before.io?.readBytes ?? 0)

/** The kernel counts all that reaches a file, and before it is seen there: this much less is another file, such as a log. */
const leastCountedShare = 0.5

/**
 * Whether the kernel counts what a process writes: some file systems do not tell it.
 *
 * Judged by all that was written since the first sample, so that a fragment that is seen late does not matter.
 */
const isCounted = (first: Sample, last: Sample): boolean => {
  const writtenBytes = last.reading.io?.writtenBytes ?? 0
  if (first.grownBytes === null || last.grownBytes === null) return writtenBytes > 0
  const countedBytes = writtenBytes - (first.reading.io?.writtenBytes ?? 0)
  return countedBytes >= leastCountedShare * (last.grownBytes - first.grownBytes)
}

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
  readonly #grownBytes: (key: Key) => number | null
  #watched: ReadonlyMap<Key, Watched> = new Map()

  /** @param grownBytes by how much the files of a process were seen to grow; null where nobody looks at them */
  constructor(
    read: (pid: number) => ProcessReading | null,
    grownBytes: (key: Key) => number | null = () => null,
  ) {
    this.#read = read
    this.#grownBytes = grownBytes
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
      const sample = { atMillis, reading, grownBytes: this.#grownBytes(key) }
      watched.set(key, {
        pid,
        first: goesOn ? before.first : sample,
        samples: recent([...(goesOn ? before.samples : []), sample], atMillis),
      })
    }
    this.#watched = watched
  }

  /** Null before the second sample of a process, and once it has ended. */
  of(key: Key): ProcessCost | null {
    const watched = this.#watched.get(key)
    const [first, last] = [watched?.samples[0], watched?.samples.at(-1)]
    if (watched === undefined || first === undefined || last === undefined || first === last) return null
    const seconds = (last.atMillis - first.atMillis) / 1000
    const [from, to] = [first.reading, last.reading]
    const rate = (before: number | undefined, after: number | undefined): number | null =>
      before === undefined || after === undefined ? null : (after - before) / seconds
    return {
      cpuPercent: (100 * (to.cpuSeconds - from.cpuSeconds)) / seconds,
      residentBytes: to.residentBytes,
      readBytesPerSecond: rate(from.io?.readBytes, to.io?.readBytes),
      writtenBytesPerSecond: isCounted(watched.first, last)
        ? rate(from.io?.writtenBytes, to.io?.writtenBytes)
        : null,
    }
  }
}
