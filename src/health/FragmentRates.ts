import type { SegmentSummary } from "../domain/Segment.ts"
import type { RunReport } from "../recorder/segments/runReport.ts"

/** What arrives on disk, per second. */
export interface FragmentRate {
  readonly bitsPerSecond: number
  readonly framesPerSecond: number
}

interface Arrival {
  readonly atMillis: number
  /** Of the run, since it was first seen. */
  readonly bytes: number
  readonly frames: number
}

type Counted = Pick<SegmentSummary, "number" | "frames" | "sizeBytes">

interface Recorded {
  readonly runId: string
  readonly segment: Counted
  readonly arrivals: ReadonlyArray<Arrival>
}

const spanMillis = 10_000

const nothing: Omit<Arrival, "atMillis"> = { bytes: 0, frames: 0 }

/** What a report adds: a segment that was known grew, a later one is new as a whole. */
const added = (before: Recorded, segments: ReadonlyArray<SegmentSummary>): Omit<Arrival, "atMillis"> =>
  segments.reduce((sum, segment) => {
    if (segment.number < before.segment.number) return sum
    const known = segment.number === before.segment.number ? before.segment : null
    return {
      bytes: sum.bytes + segment.sizeBytes - (known?.sizeBytes ?? 0),
      frames: sum.frames + segment.frames - (known?.frames ?? 0),
    }
  }, nothing)

const newest = (segments: ReadonlyArray<SegmentSummary>): SegmentSummary | undefined =>
  segments.toSorted((a, b) => a.number - b.number).at(-1)

/**
 * How fast the files of each camera grow, and how old their last fragment is, from what the watcher saw on disk.
 *
 * Rates go from arrival to arrival, so that fragments of any length give the right one. All times are monotonic.
 */
export class FragmentRates {
  readonly #cameras = new Map<number, Recorded>()
  readonly #grown = new Map<number, number>()

  noted(reports: ReadonlyArray<RunReport>): void {
    for (const report of reports) if (report.newFragments > 0) this.#note(report)
  }

  /** Null before the first fragment. */
  lastArrivalMillis(cameraId: number): number | null {
    return this.#cameras.get(cameraId)?.arrivals.at(-1)?.atMillis ?? null
  }

  /** Of the last 10 s; null where fewer than two fragments arrived in them. */
  rate(cameraId: number, nowMillis: number): FragmentRate | null {
    const recent = (this.#cameras.get(cameraId)?.arrivals ?? []).filter(
      ({ atMillis }) => atMillis >= nowMillis - spanMillis,
    )
    const [first, last] = [recent[0], recent.at(-1)]
    if (first === undefined || last === undefined || first.atMillis === last.atMillis) return null
    const seconds = (last.atMillis - first.atMillis) / 1000
    return {
      bitsPerSecond: (8 * (last.bytes - first.bytes)) / seconds,
      framesPerSecond: (last.frames - first.frames) / seconds,
    }
  }

  /** Bytes by which the files of a camera were seen to grow, over all its runs; only ever more. */
  grownBytes(cameraId: number): number {
    return this.#grown.get(cameraId) ?? 0
  }

  /** Only the cameras that there still are. */
  keepOnly(cameraIds: ReadonlySet<number>): void {
    for (const cameraId of this.#cameras.keys()) {
      if (cameraIds.has(cameraId)) continue
      this.#cameras.delete(cameraId)
      this.#grown.delete(cameraId)
    }
  }

  #grow(cameraId: number, bytes: number): void {
    this.#grown.set(cameraId, this.grownBytes(cameraId) + bytes)
  }

  #note({ cameraId, runId, segments, lastArrivalMonotonicMillis: atMillis }: RunReport): void {
    const segment = newest(segments)
    if (segment === undefined) return
    const known = this.#cameras.get(cameraId)
    const before = known?.runId === runId ? known : undefined
    const last = before?.arrivals.at(-1)
    if (before === undefined || last === undefined) {
      // Nobody saw how the first file came to its size: an earlier life may have begun it.
      if (known !== undefined)
        this.#grow(
          cameraId,
          segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        )
      this.#cameras.set(cameraId, { runId, segment, arrivals: [{ atMillis, ...nothing }] })
      return
    }
    const more = added(before, segments)
    this.#grow(cameraId, more.bytes)
    const arrivals = before.arrivals.filter((arrival) => arrival.atMillis >= atMillis - spanMillis)
    arrivals.push({ atMillis, bytes: last.bytes + more.bytes, frames: last.frames + more.frames })
    this.#cameras.set(cameraId, {
      runId,
      segment: segment.number < before.segment.number ? before.segment : segment,
      arrivals,
    })
  }
}
