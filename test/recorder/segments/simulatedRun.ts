import { FrameCadence } from "../../../src/recorder/segments/FrameCadence.ts"
import type { Fragment } from "../../../src/recorder/segments/FragmentReader.ts"
import { recordFragment } from "../../../src/recorder/segments/fragmentRecord.ts"
import { knotsOf } from "../../../src/recorder/segments/placement.ts"
import type { Knot } from "../../../src/recorder/segments/placement.ts"
import { Timeline } from "../../../src/recorder/segments/Timeline.ts"
import type { Span } from "../../../src/domain/Segment.ts"

/** A frame as a simulated camera sends it. */
export interface SentFrame {
  /** Wall time at which it was taken. */
  readonly trueMillis: number
  /** What the camera's clock said, in seconds. */
  readonly stampSeconds: number
  /** Delay of its way. */
  readonly delayMillis: number
}

interface MuxedFrame {
  readonly trueMillis: number
  readonly stampSeconds: number
  readonly arrivalMillis: number
  readonly isKey: boolean
}

/** A fragment of a simulated file, with the truth about its frames. */
export interface SimulatedFragment {
  readonly file: number
  readonly fragment: Fragment
  readonly arrivalMillis: number
  /** Media time in the file and true wall time of each frame. */
  readonly truth: ReadonlyArray<{ readonly mediaSeconds: number; readonly trueMillis: number }>
}

export interface MuxOptions {
  readonly gopFrames: number
  readonly segmentSeconds: number
  /** FFmpeg holds back what comes before this. */
  readonly probedUntilMillis?: number
}

const tickSeconds = 1 / 90_000

/** Writes frames as FFmpeg 5.1 does: stamps forced upward, fragments of a second or a keyframe, files cut at keyframes. */
export function* mux(
  frames: Iterable<SentFrame>,
  { gopFrames, segmentSeconds, probedUntilMillis = 0 }: MuxOptions,
): Generator<SimulatedFragment> {
  let file = 0
  let fileStartStamp = 0
  let fileStartTrue = Number.NaN
  let open: Array<MuxedFrame> = []
  let index = 0
  let lastStamp = Number.NEGATIVE_INFINITY
  let lastArrival = 0
  let usualInterval = 0.04
  for (const frame of frames) {
    const stampSeconds = Math.max(frame.stampSeconds, lastStamp + tickSeconds)
    if (index === 1) usualInterval = stampSeconds - lastStamp
    lastStamp = stampSeconds
    lastArrival = Math.max(lastArrival, frame.trueMillis + frame.delayMillis, probedUntilMillis)
    const muxed = {
      trueMillis: frame.trueMillis,
      stampSeconds,
      arrivalMillis: lastArrival,
      isKey: index % gopFrames === 0,
    }
    if (index === 0) {
      fileStartStamp = stampSeconds
      fileStartTrue = frame.trueMillis
    }
    index += 1
    const first = open[0]
    if (first !== undefined) {
      const isNewFile = muxed.isKey && frame.trueMillis - fileStartTrue >= segmentSeconds * 1000
      if (isNewFile || muxed.isKey || stampSeconds - first.stampSeconds >= 1) {
        const end = isNewFile ? (open.at(-1)?.stampSeconds ?? 0) + usualInterval : stampSeconds
        yield fragmentOf(open, end, fileStartStamp, file, lastArrival)
        open = []
      }
      if (isNewFile) {
        file += 1
        fileStartStamp = stampSeconds
        fileStartTrue = frame.trueMillis
      }
    }
    open.push(muxed)
  }
  if (open.length > 0) {
    const end = (open.at(-1)?.stampSeconds ?? 0) + usualInterval
    yield fragmentOf(open, end, fileStartStamp, file, lastArrival)
  }
}

const fragmentOf = (
  frames: ReadonlyArray<MuxedFrame>,
  endStamp: number,
  fileStartStamp: number,
  file: number,
  arrivalMillis: number,
): SimulatedFragment => {
  const stamps = frames.map((frame) => frame.stampSeconds - fileStartStamp)
  const mediaEndSeconds = endStamp - fileStartStamp
  return {
    file,
    arrivalMillis,
    truth: frames.map((frame, index) => ({
      mediaSeconds: stamps[index] ?? 0,
      trueMillis: frame.trueMillis,
    })),
    fragment: {
      offset: 0,
      sizeBytes: 1,
      mediaStartSeconds: stamps[0] ?? 0,
      mediaEndSeconds,
      frames: frames.length,
      startsWithKeyframe: frames[0]?.isKey === true,
      audioSamples: 0,
      frameIntervalsSeconds: stamps.map((stamp, index) => (stamps[index + 1] ?? mediaEndSeconds) - stamp),
    },
  }
}

/** What the timeline made of a simulated run, against the truth. */
export interface Measured {
  readonly maxErrorMillis: number
  /** The greatest error after the first seconds of the run. */
  readonly files: ReadonlyArray<{
    readonly startMillis: number
    readonly endMillis: number
    readonly holes: ReadonlyArray<Span>
    readonly missing: number
  }>
}

/** Feeds fragments to the timeline as a poller every 200 ms would find them. */
export const measure = (
  fragments: Iterable<SimulatedFragment>,
  runStartedAtMillis: number | null = null,
): Measured => {
  const cadence = new FrameCadence()
  let knots: Array<Knot> = []
  const timeline = new Timeline(runStartedAtMillis, null, (placement, previousEnd) => {
    knots.push(...knotsOf(placement, previousEnd))
  })
  const files: Array<Measured["files"][number]> = []
  let truth: Array<SimulatedFragment["truth"][number]> = []
  let missing = 0
  let maxErrorMillis = 0
  const closeFile = () => {
    files.push({
      startMillis: timeline.startMillis ?? Number.NaN,
      endMillis: timeline.endMillis ?? Number.NaN,
      holes: timeline.holes,
      missing: missing + timeline.framesMissingInPauses,
    })
    timeline.nextFile(0)
    maxErrorMillis = Math.max(maxErrorMillis, worstError(truth, knots))
    knots = []
    truth = []
    missing = 0
  }
  const all = withNext(fragments)
  let file = 0
  for (const [now, next] of all) {
    if (now.file !== file) {
      closeFile()
      cadence.startFile()
      file = now.file
    }
    const poll = Math.ceil(now.arrivalMillis / 200)
    const isLastOfPoll = next === null || next.file !== now.file || Math.ceil(next.arrivalMillis / 200) > poll
    const arrival = isLastOfPoll ? now.arrivalMillis : null
    const record = recordFragment(now.fragment, cadence, arrival, next === null ? "bound" : "observed")
    timeline.add(record)
    missing += record.missingFrames
    for (const frame of now.truth) truth.push(frame)
  }
  timeline.endRun()
  closeFile()
  return { maxErrorMillis, files }
}

const worstError = (
  truth: ReadonlyArray<{ readonly mediaSeconds: number; readonly trueMillis: number }>,
  knots: ReadonlyArray<Knot>,
): number => {
  let worst = 0
  let at = 0
  for (const { mediaSeconds, trueMillis } of truth) {
    // The last knot at or before the frame: after a pause a frame shows at its end.
    while ((knots[at + 1]?.mediaSeconds ?? Number.POSITIVE_INFINITY) <= mediaSeconds + 1e-9) at += 1
    const from = knots[at]
    const to = knots[at + 1] ?? from
    if (from === undefined || to === undefined) return Number.POSITIVE_INFINITY
    const media = to.mediaSeconds - from.mediaSeconds
    const share = media > 0 ? Math.max(0, mediaSeconds - from.mediaSeconds) / media : 0
    const wall = from.wallMillis + share * (to.wallMillis - from.wallMillis)
    worst = Math.max(worst, Math.abs(wall - trueMillis))
  }
  return worst
}

function* withNext<A>(items: Iterable<A>): Generator<readonly [A, A | null]> {
  let previous: A | null = null
  for (const item of items) {
    if (previous !== null) yield [previous, item]
    previous = item
  }
  if (previous !== null) yield [previous, null]
}
