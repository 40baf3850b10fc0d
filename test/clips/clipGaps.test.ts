import { describe, expect, it } from "vitest"
import { clipGaps } from "../../src/clips/clipGaps.ts"
import type { CoverageSpan } from "../../src/domain/coverage.ts"

const span = (fromSeconds: number, toSeconds: number) => ({
  fromMillis: fromSeconds * 1000,
  toMillis: toSeconds * 1000,
})
const recorded = (fromSeconds: number, toSeconds: number): CoverageSpan => ({
  kind: "recorded",
  ...span(fromSeconds, toSeconds),
})
const gap = (fromSeconds: number, toSeconds: number, cause: "stalled" | "no_frames"): CoverageSpan => ({
  kind: "gap",
  cause,
  ...span(fromSeconds, toSeconds),
})
const range = span(0, 60)

describe("the gaps of a clip", () => {
  it("are none where its pieces hold the range, and where their bounds differ by less than these are accurate", () => {
    expect(clipGaps(range, [span(-2, 30), span(30.4, 60)], [], { spans: [recorded(0, 60)] })).toEqual([])
  })

  it("have the cause of the coverage, but where a piece shows the time all the same", () => {
    const spans: ReadonlyArray<CoverageSpan> = [
      recorded(0, 20),
      gap(20, 30, "stalled"),
      { kind: "stopped", ...span(30, 60) },
    ]
    expect(clipGaps(range, [span(0, 22), span(50, 60)], [], { spans })).toEqual([
      { ...span(22, 30), cause: "stalled" },
      { ...span(30, 50), cause: "stopped" },
    ])
  })

  it("tell holes that lie inside a piece", () => {
    const spans = [recorded(0, 20), gap(20, 30, "no_frames"), recorded(30, 60)]
    expect(clipGaps(range, [span(0, 60)], [], { spans })).toEqual([{ ...span(20, 30), cause: "no_frames" }])
  })

  it("tell what was recorded and is in no piece as a missing file, and what nobody knows of as unknown", () => {
    const spans = [recorded(0, 40), gap(40, 50, "stalled")]
    expect(clipGaps(range, [span(0, 10), span(20, 40)], [], { spans })).toEqual([
      { ...span(10, 20), cause: "file_missing" },
      { ...span(40, 50), cause: "stalled" },
      { ...span(50, 60), cause: "unknown" },
    ])
  })

  it("tell what could not be read as damaged, however short, and nothing of it twice", () => {
    const spans = [recorded(0, 40), gap(40, 60, "stalled")]
    expect(clipGaps(range, [span(0, 10), span(10.3, 30)], [span(10, 10.3), span(30, 45)], { spans })).toEqual(
      [
        { ...span(10, 10.3), cause: "file_damaged" },
        { ...span(30, 45), cause: "file_damaged" },
        { ...span(45, 60), cause: "stalled" },
      ],
    )
  })
})
