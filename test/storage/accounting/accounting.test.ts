import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Cause } from "../../../src/domain/Cause.ts"
import { coverage, touchMillis } from "../../../src/domain/coverage.ts"
import type { Span } from "../../../src/domain/Segment.ts"
import { difference, intersection, totalMillis, union } from "../../../src/domain/spans.ts"
import type { RecordingRow } from "../../../src/storage/accounting/rows.ts"
import { mergedFacts } from "../../../src/storage/mergedFacts.ts"
import { SimulatedCamera } from "./simulatedCamera.ts"

type Step = (camera: SimulatedCamera) => void

const millis = (max: number) => fc.integer({ min: 1, max })
const causes = fc.constantFrom<Cause>("camera_unreachable", "stalled", "auth_failed", "process_crashed")

/** Everything that happens while the service lives. */
const livingSteps: ReadonlyArray<fc.Arbitrary<Step>> = [
  fc.constant<Step>((camera) => camera.enable()),
  fc.constant<Step>((camera) => camera.disable()),
  fc.tuple(millis(900), fc.integer({ min: -300, max: 300 })).map(
    ([head, error]): Step =>
      (camera) =>
        camera.connect(head, error),
  ),
  fc.tuple(millis(20_000), millis(900)).map(
    ([length, lag]): Step =>
      (camera) =>
        camera.advance(length, lag),
  ),
  fc.integer({ min: 600, max: 9000 }).map(
    (length): Step =>
      (camera) =>
        camera.pause(length),
  ),
  fc.constantFrom(0, 0, 300, 2000).map(
    (distance): Step =>
      (camera) =>
        camera.cut(distance),
  ),
  causes.map(
    (cause): Step =>
      (camera) =>
        camera.fail(cause),
  ),
  fc.constant<Step>((camera) => camera.flush()),
]
const crashes = fc.tuple(millis(60_000), fc.boolean()).map(
  ([down, lives]): Step =>
    (camera) =>
      camera.crash(down, lives),
)

const played = (steps: ReadonlyArray<Step>): SimulatedCamera => {
  const camera = new SimulatedCamera()
  for (const step of steps) step(camera)
  camera.flush()
  return camera
}

const spanOf = (row: { readonly startMillis: number; readonly endMillis: number | null }): Span => ({
  fromMillis: row.startMillis,
  toMillis: row.endMillis ?? Infinity,
})
const isInsideRun = (identity: string): boolean => identity.startsWith("hole/")

const accounts = (camera: SimulatedCamera) => {
  const { database } = camera
  const gaps = [...database.gaps.values()]
  const facts = mergedFacts(
    { recordings: [...database.recordings.values()], gaps, periods: [...database.periods.values()] },
    { recordings: [], gaps: [], periods: [] },
  )
  const until = camera.isRecording
    ? Math.max(...[...database.recordings.values()].map(({ endMillis }) => endMillis))
    : camera.nowMillis
  const range = { fromMillis: 0, toMillis: until }
  return { gaps, facts, range, result: coverage({ range, ...facts }) }
}

const growing = (row: RecordingRow): ReadonlyArray<string> => (row.state === "growing" ? [row.filePath] : [])

const overlapMillis = (spans: ReadonlyArray<Span>): number => totalMillis(spans) - totalMillis(union(spans))

const check = (camera: SimulatedCamera) => {
  const { gaps, facts, range, result } = accounts(camera)
  const clipped = (spans: ReadonlyArray<Span>) => spans.map((span) => intersection(span, range))
  const gapSpans = clipped(gaps.map(spanOf))
  expect(overlapMillis(gapSpans)).toBe(0)
  const isMissing = camera.isEnabled && !camera.isRecording
  expect(gaps.filter(({ endMillis }) => endMillis === null)).toHaveLength(isMissing ? 1 : 0)
  // Rows of gaps lie beside the files, except holes, which lie in them.
  const beside = clipped(gaps.filter(({ identity }) => !isInsideRun(identity)).map(spanOf))
  expect(totalMillis(difference(beside, facts.recorded))).toBe(totalMillis(beside))
  // The disk is the witness: recorded is what the files hold, bounds within the accuracy.
  const files = [...camera.disk.values()]
  const holes = files.flatMap((file) => file.holes)
  const truth = difference(
    union(
      files.map(({ startedAtMillis, endedAtMillis }) => ({
        fromMillis: startedAtMillis,
        toMillis: endedAtMillis,
      })),
      touchMillis,
    ),
    holes,
  )
  const recorded = result.spans.filter(({ kind }) => kind === "recorded")
  expect(totalMillis(difference(recorded, truth)) + totalMillis(difference(clipped(truth), recorded))).toBe(0)
  return { result, gaps }
}

describe("the accounts of a camera", () => {
  it("explain every instant, whatever happens to the camera", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(...livingSteps), { minLength: 10, maxLength: 60, size: "max" }),
        (steps) => {
          const { result, gaps } = check(played(steps))
          // Nothing is left to the catch-all: each gap has a row with the cause that was told.
          expect(result.spans.filter((span) => span.kind === "gap" && span.cause === "unknown")).toEqual([])
          expect(gaps.filter(({ cause }) => cause === "service_down")).toEqual([])
        },
      ),
      { seed: 7, numRuns: 1500 },
    )
  })

  it("stay exact when the service is killed at any instant", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(...livingSteps, crashes), { minLength: 10, maxLength: 60, size: "max" }),
        (steps) => {
          const camera = played(steps)
          const { result } = check(camera)
          expect(result.recordedMillis + result.gapMillis + result.stoppedMillis).toBe(
            result.spans.at(-1)?.toMillis ?? 0,
          )
        },
      ),
      { seed: 8, numRuns: 1500 },
    )
  })

  it("tell of each file and each gap once, over restarts that lose no row", () => {
    const restarts = crashes.map((crash): Step => (camera) => {
      camera.flush()
      crash(camera)
    })
    fc.assert(
      fc.property(
        fc.array(fc.oneof(...livingSteps, restarts), { minLength: 10, maxLength: 60, size: "max" }),
        (steps) => {
          const { database, events } = played(steps)
          const filesOf = (type: "segment.opened" | "segment.closed") =>
            events.flatMap((event) => (event.type === type ? [event.filePath] : [])).toSorted()
          const rows = [...database.recordings.values()]
          const closed = rows.filter(({ state }) => state === "closed").map(({ filePath }) => filePath)
          expect(filesOf("segment.closed")).toEqual(closed.toSorted())
          const opened = filesOf("segment.opened")
          expect(opened).toEqual([...new Set(opened)])
          expect(opened).toEqual(expect.arrayContaining(rows.flatMap(growing)))
          const count = (type: string) => events.filter((event) => event.type === type).length
          const openGaps = [...database.gaps.values()].filter(({ endMillis }) => endMillis === null)
          expect(count("gap.began") - count("gap.ended")).toBe(openGaps.length)
          expect(count("gap.began")).toBeGreaterThanOrEqual(database.gaps.size)
        },
      ),
      { seed: 9, numRuns: 1000 },
    )
  })
})
