import { describe, expect, it } from "vitest"
import { emptyLedger, type Ledger, settled } from "../../../src/storage/accounting/ledger.ts"
import { rowsOf } from "../../../src/storage/accounting/rows.ts"
import {
  cameraDisabled,
  cameraEnabled,
  outageBegan,
  recovered,
  segmentChanged,
} from "../../../src/storage/accounting/transitions.ts"
import { summary } from "./summaries.ts"

const gaps = (ledger: Ledger): ReadonlyArray<string> =>
  [...rowsOf(ledger).gaps.values()]
    .toSorted((a, b) => a.startMillis - b.startMillis)
    .map(({ cause, startMillis, endMillis }) => `${cause} ${startMillis}-${endMillis ?? ""}`)
const periods = (ledger: Ledger): ReadonlyArray<string> =>
  [...rowsOf(ledger).periods.values()].map(
    ({ startMillis, endMillis }) => `${startMillis}-${endMillis ?? ""}`,
  )

const enabled = cameraEnabled(emptyLedger(1), 1000)
const recording = segmentChanged(enabled, summary({ startedAtMillis: 3000, endedAtMillis: 20_000 }))
const back = (startedAtMillis: number) =>
  gaps(
    segmentChanged(
      lost(recording, 20_100),
      summary({ runId: "run-2", startedAtMillis, endedAtMillis: 30_000 }),
    ),
  )
const next = (startedAtMillis: number, clockStepMillis = 0) =>
  segmentChanged(
    segmentChanged(recording, summary({ startedAtMillis: 3000, endedAtMillis: 20_000, state: "closed" })),
    summary({ number: 1, startedAtMillis, endedAtMillis: startedAtMillis + 5000, clockStepMillis }),
  )
const rowsOnce = (ledger: Ledger) => rowsOf(settled(ledger))
const lost = (ledger: Ledger, atMillis: number) =>
  outageBegan(
    segmentChanged(ledger, summary({ startedAtMillis: 3000, endedAtMillis: 20_000, state: "closed" })),
    "camera_unreachable",
    "Connection refused",
    atMillis,
  )

describe("an enabled camera", () => {
  it("is starting until its first segment", () => {
    expect(gaps(enabled)).toEqual(["starting 1000-"])
    expect(gaps(recording)).toEqual(["starting 1000-3000"])
    expect(cameraEnabled(recording, 5000)).toBe(recording)
  })

  it("follows the start of the segment while its estimate improves", () => {
    const better = segmentChanged(recording, summary({ startedAtMillis: 2800, endedAtMillis: 21_000 }))
    expect(gaps(better)).toEqual(["starting 1000-2800"])
  })

  it("has no gap when the segment began before it was enabled", () => {
    expect(gaps(segmentChanged(enabled, summary({ startedAtMillis: 900, endedAtMillis: 4000 })))).toEqual([])
  })

  it("takes the cause of the first failure in place of starting", () => {
    const failed = outageBegan(enabled, "auth_failed", "401", 1500)
    expect(gaps(failed)).toEqual(["auth_failed 1000-"])
    expect(outageBegan(failed, "auth_failed", "401 again", 9000)).toBe(failed)
    expect([...rowsOf(failed).gaps.keys()]).toEqual([...rowsOf(enabled).gaps.keys()])
  })
})

describe("an outage", () => {
  it("begins at the end of the coverage, changes its cause, and ends with the next run", () => {
    const down = outageBegan(lost(recording, 20_700), "not_found", null, 30_000)
    expect(gaps(down)).toEqual(["starting 1000-3000", "camera_unreachable 20000-30000", "not_found 30000-"])
    const recordingAgain = segmentChanged(
      down,
      summary({ runId: "run-2", startedAtMillis: 40_000, endedAtMillis: 41_000 }),
    )
    expect(gaps(recordingAgain).at(-1)).toBe("not_found 30000-40000")
    // The new run turns out to have begun even before the cause changed.
    const earlier = segmentChanged(
      recordingAgain,
      summary({ runId: "run-2", startedAtMillis: 25_000, endedAtMillis: 41_000 }),
    )
    expect(gaps(earlier)).toEqual(["starting 1000-3000", "camera_unreachable 20000-25000"])
  })

  it("vanishes when the next run leaves nothing out", () => {
    expect(back(19_000)).toEqual(["starting 1000-3000"])
    expect(back(20_500)).toEqual(["starting 1000-3000"])
    expect(back(20_501)).toEqual(["starting 1000-3000", "camera_unreachable 20000-20501"])
  })

  it("moves behind the rest of the ended run that is found late", () => {
    const late = segmentChanged(
      lost(recording, 25_000),
      summary({ number: 1, startedAtMillis: 20_000, endedAtMillis: 23_000, state: "closed" }),
    )
    expect(gaps(late)).toEqual(["starting 1000-3000", "camera_unreachable 23000-"])
  })

  it("ends although this machine's clock was set back meanwhile", () => {
    const down = lost(recording, 21_000)
    const setBack = segmentChanged(
      down,
      summary({ runId: "run-2", startedAtMillis: 5000, endedAtMillis: 6000 }),
    )
    expect(gaps(setBack)).toEqual(["starting 1000-3000"])
  })

  it("is of unknown cause when nobody told", () => {
    const other = segmentChanged(
      recording,
      summary({ runId: "run-2", startedAtMillis: 26_000, endedAtMillis: 30_000 }),
    )
    expect(gaps(other)).toEqual(["starting 1000-3000", "unknown 20000-26000"])
  })
})

describe("segments of one run", () => {
  it("touch when they are as near as their bounds are accurate", () => {
    for (const start of [19_500, 20_000, 20_500]) {
      const ledger = next(start)
      expect(gaps(ledger)).toEqual(["starting 1000-3000"])
      expect(rowsOf(ledger).recordings.get("cam_1/run-1/0.mp4")?.endMillis).toBe(start)
    }
  })

  it("have a gap between them when the camera sent nothing", () => {
    const ledger = next(20_501)
    expect(gaps(ledger).at(-1)).toBe("no_frames 20000-20501")
    expect(rowsOf(ledger).recordings.get("cam_1/run-1/0.mp4")?.endMillis).toBe(20_000)
  })

  it("have a clock step between them when that explains the distance", () => {
    expect(gaps(next(3_620_300, 3_600_000)).at(-1)).toBe("clock_step 20000-3620300")
    expect(gaps(next(3_625_000, 3_600_000)).at(-1)).toBe("no_frames 20000-3625000")
  })

  it("show their holes, and no more than they have", () => {
    const holed = segmentChanged(
      recording,
      summary({
        startedAtMillis: 3000,
        endedAtMillis: 20_000,
        holes: [
          { fromMillis: 5000, toMillis: 8000 },
          { fromMillis: 19_000, toMillis: 22_000 },
        ],
      }),
    )
    expect(gaps(holed).slice(1)).toEqual(["no_frames 5000-8000", "no_frames 19000-20000"])
    expect(
      gaps(segmentChanged(holed, summary({ startedAtMillis: 3000, endedAtMillis: 20_000 }))),
    ).toHaveLength(1)
  })
})

describe("a disabled camera", () => {
  it("ends where its run ended, when that was cut off by the end of the run", () => {
    expect(periods(cameraDisabled(recording, 21_000))).toEqual(["1000-20000"])
    expect(periods(cameraDisabled(recording, 19_500))).toEqual(["1000-20000"])
    expect(gaps(cameraDisabled(recording, 21_000))).toEqual(["starting 1000-3000"])
  })

  it("hides no time in which nothing had come for longer", () => {
    const ledger = cameraDisabled(recording, 27_000)
    expect(periods(ledger)).toEqual(["1000-27000"])
    expect(gaps(ledger)).toEqual(["starting 1000-3000", "unknown 20000-27000"])
  })

  it("ends its outage, and begins a new one when it is enabled again", () => {
    const off = cameraDisabled(lost(recording, 21_000), 30_000)
    expect(gaps(off)).toEqual(["starting 1000-3000", "camera_unreachable 20000-30000"])
    expect(outageBegan(off, "stalled", null, 31_000)).toBe(off)
    const on = cameraEnabled(off, 40_000)
    expect(gaps(on).at(-1)).toBe("starting 40000-")
    expect(periods(on)).toEqual(["1000-30000", "40000-"])
  })
})

describe("a service that starts again", () => {
  it("was down since the last fragment, and is starting now", () => {
    const ledger = recovered({ ...recording, segments: recording.segments.map(unreported) }, 19_000, 60_000)
    expect(gaps(ledger)).toEqual(["starting 1000-3000", "service_down 20000-60000", "starting 60000-"])
    expect(rowsOf(ledger).recordings.get("cam_1/run-1/0.mp4")?.state).toBe("closed")
    expect(rowsOnce(recovered(ledger, 19_000, 60_000))).toEqual(rowsOnce(ledger))
  })

  it("leaves no gap where the run went on without it", () => {
    expect(gaps(recovered(recording, 5000, 20_500))).toEqual(["starting 1000-3000"])
  })

  it("ends an open outage where it was last seen", () => {
    const ledger = recovered(lost(recording, 20_500), 50_000, 60_000)
    expect(gaps(ledger).slice(1)).toEqual([
      "camera_unreachable 20000-50000",
      "service_down 50000-60000",
      "starting 60000-",
    ])
  })

  it("does not blame its absence for time in which it was there", () => {
    const ledger = recovered({ ...recording, segments: recording.segments.map(unreported) }, 29_000, 60_000)
    expect(gaps(ledger).slice(1)).toEqual([
      "unknown 20000-29000",
      "service_down 29000-60000",
      "starting 60000-",
    ])
  })

  it("says nothing about a camera that is not enabled", () => {
    const off = cameraDisabled(recording, 20_000)
    expect(gaps(recovered(off, 30_000, 60_000))).toEqual(gaps(off))
  })
})

const unreported = (segment: Ledger["segments"][number]): Ledger["segments"][number] => ({
  ...segment,
  isReported: false,
})
