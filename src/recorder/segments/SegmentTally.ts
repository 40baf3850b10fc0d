import type { SegmentSummary } from "../../domain/Segment.ts"
import type { FragmentRecord } from "./fragmentRecord.ts"
import type { Movie } from "./movieBox.ts"
import type { SegmentHeader } from "./segmentIndex.ts"
import type { Timeline } from "./Timeline.ts"

/** Audio that has not come for this long is missing. */
const audioRecentSeconds = 10
/** Beyond this share of frames with irregular intervals, missing ones cannot be told. */
const maxIrregularShare = 0.2

/** Adds up the fragments of one segment; its times come from the timeline of its run. */
export class SegmentTally {
  #fragments = 0
  #frames = 0
  #missingFrames = 0
  #irregularFrames = 0
  #sizeBytes = 0
  #mediaEndSeconds = 0
  #lastAudioSeconds: number | null = null

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
    this.#sizeBytes = record.offset + record.sizeBytes
    this.#mediaEndSeconds = record.mediaEndSeconds
    if (record.audioSamples > 0) this.#lastAudioSeconds = record.mediaEndSeconds
  }

  summarize(
    header: Pick<SegmentHeader, "cameraId" | "runId" | "number" | "filePath" | "clockStepMillis">,
    state: SegmentSummary["state"],
    timeline: Timeline,
    movie: Movie | null,
  ): SegmentSummary {
    const { cameraId, runId, number, filePath, clockStepMillis } = header
    const isIrregular = this.#irregularFrames > maxIrregularShare * this.#frames
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
      missingFrames: isIrregular ? null : this.#missingFrames + timeline.framesMissingInPauses,
      videoSampleEntry: movie?.video?.sampleEntry ?? "",
      audio: this.#audio(movie),
      holes: timeline.holes.map(({ fromMillis, toMillis }) => ({
        fromMillis: Math.round(fromMillis),
        toMillis: Math.round(toMillis),
      })),
      clockStepMillis,
    }
  }

  #audio(movie: Movie | null): SegmentSummary["audio"] {
    if (movie === null || movie.audio === null) return "none"
    const last = this.#lastAudioSeconds
    return last !== null && this.#mediaEndSeconds - last <= audioRecentSeconds ? "recorded" : "missing"
  }
}
