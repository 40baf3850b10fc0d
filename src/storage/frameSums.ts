import type { Span } from "../domain/Segment.ts"
import { intersection } from "../domain/spans.ts"
import type { RecordingRow } from "./accounting/rows.ts"

/** Frames of some recordings; null where one of them does not tell, 0 of no recordings at all. */
export interface FrameSums {
  readonly recordings: number
  readonly frames: number
  readonly missingFrames: number | null
  readonly lostPackets: number | null
  readonly damagedFramesAtMost: number | null
}

export const noFrames: FrameSums = {
  recordings: 0,
  frames: 0,
  missingFrames: 0,
  lostPackets: 0,
  damagedFramesAtMost: 0,
}

const sumOrNull = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a + b

export const addFrames = (a: FrameSums, b: FrameSums): FrameSums => ({
  recordings: a.recordings + b.recordings,
  frames: a.frames + b.frames,
  missingFrames: sumOrNull(a.missingFrames, b.missingFrames),
  lostPackets: sumOrNull(a.lostPackets, b.lostPackets),
  damagedFramesAtMost: sumOrNull(a.damagedFramesAtMost, b.damagedFramesAtMost),
})

type Counted = Pick<
  RecordingRow,
  "startMillis" | "endMillis" | "frames" | "missingFrames" | "lostPackets" | "damagedFramesAtMost"
>

const framesOf = (row: Counted, range: Span): FrameSums => {
  const { fromMillis, toMillis } = intersection(
    { fromMillis: row.startMillis, toMillis: row.endMillis },
    range,
  )
  if (toMillis <= fromMillis) return noFrames
  const share = (toMillis - fromMillis) / (row.endMillis - row.startMillis)
  const part = (count: number | null): number | null => (count === null ? null : count * share)
  return {
    recordings: 1,
    frames: row.frames * share,
    missingFrames: part(row.missingFrames),
    lostPackets: part(row.lostPackets),
    damagedFramesAtMost: part(row.damagedFramesAtMost),
  }
}

/** Sums recordings within a range; one that lies there only partly counts by its share of time. */
export const frameSums = (rows: ReadonlyArray<Counted>, range: Span): FrameSums =>
  rows.map((row) => framesOf(row, range)).reduce(addFrames, noFrames)
