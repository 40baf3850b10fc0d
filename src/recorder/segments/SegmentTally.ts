import type { SegmentSummary } from "../../domain/Segment.ts"
import type { FragmentRecord } from "./fragmentRecord.ts"
import type { Movie } from "./movieBox.ts"
import type { FragmentLoss } from "./PacketLoss.ts"
import type { SegmentHeader } from "./segmentIndex.ts"
import type { Timeline } from "./Timeline.ts"

/** Audio that has not come for this long is missing. */
const audioRecentSeconds = 10
/** Beyond this share of frames with irregular intervals, or at another rate than most, missing ones cannot be told. */
const maxIrregularShare = 0.2
/** Intervals that differ by no more than this are of one rate. */
const maxRateChange = 1.2
/** More rates than this in one segment are lumped together: none of them is that of most frames. */
const maxRates = 16

/** Adds up the fragments of one segment; its times come from the timeline of its run. */
export class SegmentTally {
  #fragments = 0
  #frames = 0
  #missingFrames = 0
  #irregularFrames = 0
  /** Frames by the interval that was usual when they came. */
  readonly #rates: Array<{ readonly nominalSeconds: number; frames: number }> = []
  #sizeBytes = 0
  #mediaEndSeconds = 0
  #lastAudioSeconds: number | null = null
  #lostPackets: number | null = 0
  #damagedFramesAtMost: number | null = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get fragments(): number {
    return this.#fragments
  }

  add(record: FragmentRecord): void {
    this.#fragments += 1
    this.#frames += record.frames
    this.#missingFrames += record.missingFrames
    this.#irregularFrames += record.irregularFrames
    this.#addRate(record)
    this.#sizeBytes = record.offset + record.sizeBytes
    this.#mediaEndSeconds = record.mediaEndSeconds
    this.#addLoss(record.loss)
    if (record.audioSamples > 0) this.#lastAudioSeconds = record.mediaEndSeconds
  }

  summarize(
    header: Pick<SegmentHeader, "cameraId" | "runId" | "number" | "filePath" | "clockStepMillis">,
    state: SegmentSummary["state"],
    timeline: Timeline,
    movie: Movie | null,
  ): SegmentSummary {
    const { cameraId, runId, number, filePath, clockStepMillis } = header
    return {
      cameraId,
      runId,
      number,
      filePath,
      state,
      startedAtMillis: Math.round(timeline.startMillis ?? 0),
      endedAtMillis: Math.round(timeline.endMillis ?? 0),
      sizeBytes: this.#sizeBytes,
      fragments: this.#fragments,
      frames: this.#frames,
      missingFrames: this.#isIrregular ? null : this.#missingFrames + timeline.framesMissingInPauses,
      lostPackets: this.#lostPackets,
      damagedFramesAtMost: this.#damagedFramesAtMost,
      videoSampleEntry: movie?.video?.sampleEntry ?? "",
      audio: this.#audio(movie),
      holes: timeline.holes.map(({ fromMillis, toMillis }) => ({
        fromMillis: Math.round(fromMillis),
        toMillis: Math.round(toMillis),
      })),
      clockStepMillis,
    }
  }

  /** Whether the rate varies so much that a missing frame and a longer interval look alike. */
  get #isIrregular(): boolean {
    const mostFrames = this.#rates.reduce((most, { frames }) => Math.max(most, frames), 0)
    const atMost = maxIrregularShare * this.#frames
    return this.#irregularFrames > atMost || this.#frames - mostFrames > atMost
  }

  #addRate({ nominalSeconds, frames }: FragmentRecord): void {
    const known = this.#rates.find(
      (rate) =>
        nominalSeconds <= maxRateChange * rate.nominalSeconds &&
        rate.nominalSeconds <= maxRateChange * nominalSeconds,
    )
    if (known !== undefined) known.frames += frames
    else if (this.#rates.length < maxRates) this.#rates.push({ nominalSeconds, frames })
  }

  /** One fragment of which nothing is known leaves the whole segment not measured. */
  #addLoss(loss: FragmentLoss | null): void {
    const { lostPackets, damagedFramesAtMost } = loss ?? notMeasured
    this.#lostPackets = sumOf(this.#lostPackets, lostPackets)
    this.#damagedFramesAtMost = sumOf(this.#damagedFramesAtMost, damagedFramesAtMost)
  }

  #audio(movie: Movie | null): SegmentSummary["audio"] {
    if (movie === null || movie.audio === null) return "none"
    const last = this.#lastAudioSeconds
    return last !== null && this.#mediaEndSeconds - last <= audioRecentSeconds ? "recorded" : "missing"
  }
}

const notMeasured = { lostPackets: null, damagedFramesAtMost: null }

const sumOf = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other
