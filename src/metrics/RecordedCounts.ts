import type { SegmentSummary } from "../domain/Segment.ts"

/** What was recorded of a camera in this life of the service; null is "not measured". */
export interface RecordedCount {
  readonly bytes: number
  readonly frames: number
  readonly missingFrames: number | null
  readonly lostPackets: number | null
  readonly damagedFramesAtMost: number | null
}

type Measured = Pick<
  SegmentSummary,
  "sizeBytes" | "frames" | "missingFrames" | "lostPackets" | "damagedFramesAtMost"
>
type Figure = keyof Measured

const figures: ReadonlyArray<Figure> = [
  "sizeBytes",
  "frames",
  "missingFrames",
  "lostPackets",
  "damagedFramesAtMost",
]

interface CameraTally {
  readonly sums: Record<Figure, number>
  /** What was counted of the last segments, by their key; the newest last. */
  readonly segments: Map<string, Record<Figure, number>>
  latest: Measured
}

/** A closed segment may be told once more, beside the next one. */
const keptSegments = 8

const zeros = (): Record<Figure, number> => ({
  sizeBytes: 0,
  frames: 0,
  missingFrames: 0,
  lostPackets: 0,
  damagedFramesAtMost: 0,
})

const figuresOf = (segment: Measured): Record<Figure, number> => ({
  sizeBytes: segment.sizeBytes,
  frames: segment.frames,
  missingFrames: segment.missingFrames ?? 0,
  lostPackets: segment.lostPackets ?? 0,
  damagedFramesAtMost: segment.damagedFramesAtMost ?? 0,
})

/**
 * Adds up what the files on disk say, so that it only grows however often a file is told of.
 *
 * What an earlier life of the service recorded does not count: of a file that it began counts what comes now.
 */
export class RecordedCounts {
  readonly #startedAtMillis: number
  readonly #cameras = new Map<number, CameraTally>()

  /** @param startedAtMillis of this life of the service */
  constructor(startedAtMillis: number) {
    this.#startedAtMillis = startedAtMillis
  }

  noted(segments: ReadonlyArray<SegmentSummary>): void {
    for (const segment of segments) this.#note(segment)
  }

  /** A figure that the newest segment does not measure is null, whatever was counted before. */
  of(cameraId: number): RecordedCount | undefined {
    const tally = this.#cameras.get(cameraId)
    if (tally === undefined) return undefined
    const { sums, latest } = tally
    return {
      bytes: sums.sizeBytes,
      frames: sums.frames,
      missingFrames: latest.missingFrames === null ? null : sums.missingFrames,
      lostPackets: latest.lostPackets === null ? null : sums.lostPackets,
      damagedFramesAtMost: latest.damagedFramesAtMost === null ? null : sums.damagedFramesAtMost,
    }
  }

  /** Only the cameras that there still are. */
  keepOnly(cameraIds: ReadonlySet<number>): void {
    for (const cameraId of this.#cameras.keys()) if (!cameraIds.has(cameraId)) this.#cameras.delete(cameraId)
  }

  #note(segment: SegmentSummary): void {
    const tally = this.#tallyOf(segment)
    tally.latest = segment
    const key = `${segment.runId}/${segment.number}`
    const now = figuresOf(segment)
    const isOlder = segment.startedAtMillis < this.#startedAtMillis
    const counted = tally.segments.get(key) ?? (isOlder ? now : zeros())
    for (const figure of figures) {
      tally.sums[figure] += Math.max(0, now[figure] - counted[figure])
      // A figure may be corrected downwards: what was counted stays counted, once.
      now[figure] = Math.max(now[figure], counted[figure])
    }
    tally.segments.set(key, now)
    const [oldest] = tally.segments.keys()
    if (tally.segments.size > keptSegments && oldest !== undefined) tally.segments.delete(oldest)
  }

  #tallyOf(segment: SegmentSummary): CameraTally {
    const known = this.#cameras.get(segment.cameraId)
    if (known !== undefined) return known
    const fresh = { sums: zeros(), segments: new Map(), latest: segment }
    this.#cameras.set(segment.cameraId, fresh)
    return fresh
  }
}
