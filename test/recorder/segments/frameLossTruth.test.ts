import { describe, expect, it } from "vitest"
import { RandomRuns } from "../../../src/demo/simulator/RandomRuns.ts"
import { seededRandom } from "../../../src/demo/simulator/seededRandom.ts"
import type { SegmentSummary } from "../../../src/domain/Segment.ts"
import { FrameCadence } from "../../../src/recorder/segments/FrameCadence.ts"
import { cadenceAfter, recordFragment } from "../../../src/recorder/segments/fragmentRecord.ts"
import { SegmentTally } from "../../../src/recorder/segments/SegmentTally.ts"
import { Timeline } from "../../../src/recorder/segments/Timeline.ts"
import { mux, type SentFrame } from "./simulatedRun.ts"

const delayMillis = 40

/** After so many fragments another life of the service goes on, from what the index says. */
const fragmentsOfALife = 40

/** What the segments of a run say of its frames. */
const summarized = (frames: Iterable<SentFrame>): ReadonlyArray<SegmentSummary> => {
  const summaries: Array<SegmentSummary> = []
  let cadence = new FrameCadence()
  let fragments = 0
  const timeline = new Timeline(null)
  let tally = new SegmentTally()
  let file = 0
  const close = () => {
    const header = { cameraId: 1, runId: "run", number: file, filePath: "", clockStepMillis: 0 }
    summaries.push(tally.summarize(header, "closed", timeline, null))
  }
  for (const simulated of mux(frames, { gopFrames: 25, segmentSeconds: 600 })) {
    if (simulated.file !== file) {
      close()
      tally = new SegmentTally()
      timeline.nextFile(0)
      cadence.startFile()
      file = simulated.file
    }
    const record = recordFragment(simulated.fragment, cadence, simulated.arrivalMillis, "observed")
    fragments += 1
    if (fragments % fragmentsOfALife === 0) cadence = cadenceAfter(record)
    tally.add(record)
    timeline.add(record)
  }
  close()
  return summaries
}

/** Frames of a camera of 25 per second whose intervals `intervalMillis` gives. */
const framesOf = function* (
  count: number,
  isSkipped: () => boolean,
  intervalMillis: (index: number) => number,
): Generator<SentFrame> {
  let trueMillis = 1_800_000_000_000
  let stampSeconds = 0
  for (let index = 0; index < count; index++) {
    if (index < 50 || !isSkipped()) yield { trueMillis, stampSeconds, delayMillis }
    trueMillis += intervalMillis(index)
    stampSeconds += intervalMillis(index) / 1000
  }
}

const percent = (part: number, all: number): number => (100 * part) / all

describe("missing frames", () => {
  const expected = 90_000
  for (const meanRun of [1, 3, 8]) {
    for (const share of [0, 0.001, 0.01, 0.05]) {
      it(`are reported within 0.05 points where ${100 * share} % are skipped in runs of ${meanRun}`, () => {
        const skips = new RandomRuns(seededRandom(11, `${share}/${meanRun}`))
        let skipped = 0
        const isSkipped = () => {
          const isHit = skips.strikes({ probability: share, meanRun })
          skipped += isHit ? 1 : 0
          return isHit
        }
        const summaries = summarized(framesOf(expected, isSkipped, () => 40))
        let frames = 0
        let missing = 0
        for (const summary of summaries) {
          expect(summary.missingFrames).not.toBeNull()
          frames += summary.frames
          missing += summary.missingFrames ?? 0
        }
        expect(summaries.length).toBeGreaterThanOrEqual(6)
        expect(frames + skipped).toBe(expected)
        const error = Math.abs(percent(missing, frames + missing) - percent(skipped, expected))
        process.stdout.write(
          `${100 * share} % in runs of ${meanRun}: ${missing} of ${skipped} skipped frames found\n`,
        )
        expect(error).toBeLessThanOrEqual(0.05)
      })
    }
  }

  it("are not measured where each interval varies by more than 20 %", () => {
    for (const jitter of [0.3, 0.4, 0.6]) {
      const random = seededRandom(12, `${jitter}`)
      const intervals = Array.from({ length: 20_000 }, () => 40 * (1 + jitter * (2 * random() - 1)))
      const summaries = summarized(
        framesOf(
          20_000,
          () => false,
          (index) => intervals[index] ?? 40,
        ),
      )
      expect(summaries.map(({ missingFrames }) => missingFrames)).toEqual(summaries.map(() => null))
    }
  })

  it("are not measured where the rate itself changes by more than 20 %, however slowly", () => {
    const halves = (index: number) => (index % 4000 < 2000 ? 40 : 66)
    const drifting = (index: number) => 50 + 20 * Math.sin(index / 500)
    for (const intervalMillis of [halves, drifting]) {
      const summaries = summarized(framesOf(40_000, () => false, intervalMillis))
      expect(summaries.map(({ missingFrames }) => missingFrames)).toEqual(summaries.map(() => null))
    }
  })

  it("are measured where intervals vary by a tenth", () => {
    const random = seededRandom(13, "tenth")
    const intervals = Array.from({ length: 20_000 }, () => 40 * (0.9 + 0.2 * random()))
    const summaries = summarized(
      framesOf(
        20_000,
        () => false,
        (index) => intervals[index] ?? 40,
      ),
    )
    expect(summaries.map(({ missingFrames }) => missingFrames)).toEqual(summaries.map(() => 0))
  })
})
