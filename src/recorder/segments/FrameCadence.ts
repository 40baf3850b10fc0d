import type { Fragment } from "./FragmentReader.ts"
import { MedianWindow } from "./medianWindow.ts"

/**
 * A stretch of frames whose media time cannot be trusted as wall time.
 *
 * One frame with a long interval: the camera paused, or its clock jumped forward. Many frames on
 * consecutive ticks: its clock jumped backward and FFmpeg squeezed the timestamps behind each other.
 */
export interface Stretch {
  readonly atSeconds: number
  readonly mediaSeconds: number
  /** 0 where it is one long interval. */
  readonly squeezedFrames: number
}

/** What the frame intervals of a fragment say beside its start and end. */
export interface CadenceOfFragment {
  /** Usual interval between frames; 0 while unknown. */
  readonly nominalSeconds: number
  /** Absent by intervals short of a hole; what a hole lacks depends on how long it really was. */
  readonly missingFrames: number
  /** Frames whose intervals vary too much to tell missing ones. */
  readonly irregularFrames: number
  readonly stretches: ReadonlyArray<Stretch>
  /** Of the last frame, not judged before another follows; the usual one unless it is long. */
  readonly lastIntervalSeconds: number
}

/** The last frame of a fragment: its interval is certain once the next fragment starts. */
export interface LastFrame {
  readonly endSeconds: number
  readonly intervalSeconds: number
}

/** No camera sends 500 frames a second: such an interval is a squeezed timestamp. */
const squeezedSeconds = 0.002
/** Fewer squeezed frames are two fields or a repeated timestamp, not a jump. */
const minSqueezedFrames = 5
/** An interval farther from the usual one, or from a multiple of it where frames are missing, is irregular. */
const maxSpread = 0.2
/** Where more of the last intervals are irregular, a missing frame cannot be told. */
const maxIrregularShare = 0.15
const windowFrames = 64
/** Enough frames in one fragment to tell the rate from it alone. */
const minUniformFrames = 8

/** The interval beyond which the absence of frames is a hole, not a slow camera. */
export const holeThresholdSeconds = (nominalSeconds: number): number => Math.max(0.5, 4 * nominalSeconds)

/** Learns the usual frame interval of a run and finds what departs from it, fragment by fragment. */
export class FrameCadence {
  #window: MedianWindow
  #missing = 0
  #irregular = 0
  #last: LastFrame | null
  #similarLong: Array<number> = []
  /** Squeezed frames in a row, over the fragments: a camera without B and P frames has one frame in each. */
  #squeezedRun = 0
  #isRunStart: boolean

  /** `last` is the last frame of the fragment after which the cadence goes on. */
  constructor(nominalSeconds = 0, last: LastFrame | null = null) {
    this.#last = last
    this.#isRunStart = nominalSeconds === 0
    this.#window = new MedianWindow(
      windowFrames,
      nominalSeconds > 0 ? Array.from({ length: windowFrames / 2 }, () => nominalSeconds) : [],
    )
  }

  get nominalSeconds(): number {
    return this.#window.median() ?? 0
  }

  /** A new file starts at time 0: the interval across the boundary is not known from the media. */
  startFile(): void {
    this.#last = null
  }

  add(fragment: Fragment): CadenceOfFragment {
    this.#missing = 0
    this.#irregular = 0
    const intervals = fragment.frameIntervalsSeconds
    const isUniform = this.#learnUniform(intervals)
    const nominalSeconds = isUniform ? this.nominalSeconds : this.#learn(intervals)
    const stretches: Array<Stretch> = []
    if (intervals.length > 0) {
      this.#closeLast(fragment.mediaStartSeconds, nominalSeconds, stretches)
      if (!isUniform) this.#judge(fragment, nominalSeconds, stretches)
      this.#last = {
        endSeconds: fragment.mediaEndSeconds,
        intervalSeconds: intervals.at(-1) ?? 0,
      }
    }
    const lastSeconds = this.#last?.intervalSeconds ?? 0
    return {
      nominalSeconds,
      missingFrames: this.#missing,
      irregularFrames: this.#irregular,
      stretches,
      lastIntervalSeconds: isLong(lastSeconds, nominalSeconds) ? lastSeconds : nominalSeconds,
    }
  }

  /** The usual case, made cheap: a fragment of even frames has nothing to judge and is all one needs to know. */
  #learnUniform(intervals: ReadonlyArray<number>): boolean {
    if (intervals.length < minUniformFrames) return false
    let shortest = Number.POSITIVE_INFINITY
    let longest = 0
    for (const interval of intervals) {
      if (interval < shortest) shortest = interval
      if (interval > longest) longest = interval
    }
    if (shortest <= squeezedSeconds || longest > (1 + maxSpread) * shortest) return false
    this.#window.replaceWith(intervals)
    this.#similarLong = []
    this.#squeezedRun = 0
    this.#isRunStart = false
    return true
  }

  /** Learns from a fragment, and prefers its own median where it is plain: a camera may change its rate. */
  #learn(intervals: ReadonlyArray<number>): number {
    const usable = intervals.filter((interval) => interval > squeezedSeconds)
    const before = this.nominalSeconds
    for (const interval of usable) this.#window.push(interval)
    for (const interval of usable) this.#noticeSlowerRate(interval, before)
    if (usable.length >= minUniformFrames) {
      const own = new MedianWindow(usable.length, usable)
      if (own.spread() <= maxSpread / 2) return own.median() ?? 0
    }
    return this.nominalSeconds
  }

  /** Three long intervals alike are a slower rate, which the window would take half its length to follow. */
  #noticeSlowerRate(interval: number, nominalSeconds: number): void {
    const first = this.#similarLong[0] ?? interval
    const isSimilarLong = interval > 1.5 * nominalSeconds && Math.abs(interval - first) <= maxSpread * first
    if (!isSimilarLong) {
      this.#similarLong = []
      return
    }
    this.#similarLong.push(interval)
    if (nominalSeconds > 0 && this.#similarLong.length >= 3) {
      this.#window.replaceWith(this.#similarLong)
      this.#similarLong = []
    }
  }

  #closeLast(startSeconds: number, nominalSeconds: number, stretches: Array<Stretch>): void {
    const last = this.#last
    if (last === null) return
    const seamSeconds = Math.max(0, startSeconds - last.endSeconds)
    const thresholdSeconds = holeThresholdSeconds(nominalSeconds)
    if (seamSeconds > thresholdSeconds) {
      stretches.push({ atSeconds: last.endSeconds, mediaSeconds: seamSeconds, squeezedFrames: 0 })
    } else if (last.intervalSeconds <= thresholdSeconds) {
      this.#countMissing(last.intervalSeconds + seamSeconds, nominalSeconds)
    }
  }

  #judge(fragment: Fragment, nominalSeconds: number, stretches: Array<Stretch>): void {
    const intervals = fragment.frameIntervalsSeconds
    if (this.#isIrregular()) this.#irregular = intervals.length
    const thresholdSeconds = holeThresholdSeconds(nominalSeconds)
    let atSeconds = fragment.mediaStartSeconds
    let squeezed = { atSeconds, mediaSeconds: 0, squeezedFrames: 0 }
    for (const [index, interval] of intervals.entries()) {
      if (interval <= squeezedSeconds) {
        squeezed.squeezedFrames += 1
        squeezed.mediaSeconds += interval
        this.#squeezedRun += 1
      } else {
        if (this.#squeezedRun >= minSqueezedFrames && squeezed.squeezedFrames > 0) stretches.push(squeezed)
        this.#squeezedRun = 0
        squeezed = { atSeconds: atSeconds + interval, mediaSeconds: 0, squeezedFrames: 0 }
        if (interval > thresholdSeconds) {
          stretches.push({ atSeconds, mediaSeconds: interval, squeezedFrames: 0 })
        } else if (index < intervals.length - 1 && !this.#isRunStart) {
          this.#countMissing(interval, nominalSeconds)
        }
        // FFmpeg shifts all but the first frame where encoded audio starts before 0 (64 ms with AAC at 16 kHz).
        this.#isRunStart = false
      }
      atSeconds += interval
    }
    if (this.#squeezedRun >= minSqueezedFrames && squeezed.squeezedFrames > 0) stretches.push(squeezed)
  }

  #isIrregular(): boolean {
    const { nominalSeconds } = this
    const { values } = this.#window
    let irregular = 0
    for (const interval of values) {
      const multiple = Math.max(1, Math.round(interval / nominalSeconds)) * nominalSeconds
      if (Math.abs(interval - multiple) > maxSpread * nominalSeconds) irregular += 1
    }
    return irregular > maxIrregularShare * values.length
  }

  #countMissing(interval: number, nominalSeconds: number): void {
    if (isLong(interval, nominalSeconds)) {
      this.#missing += Math.round(interval / nominalSeconds) - 1
    }
  }
}

/** Whether something is missing within an interval. */
const isLong = (interval: number, nominalSeconds: number): boolean =>
  nominalSeconds > 0 && interval > 1.5 * nominalSeconds
