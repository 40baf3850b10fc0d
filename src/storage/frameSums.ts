import type { Span } from "../domain/Segment.ts"
import { intersection } from "../domain/spans.ts"
import type { RecordingRow } from "./accounting/rows.ts"

/** Frames of some recordings; what only some of them tell is summed over these, with the frames that they hold. */
export interface FrameSums {
  readonly recordings: number
  readonly frames: number
  readonly missingFrames: number
  /** Frames of the recordings that tell `missingFrames`. */
  readonly missingToldBy: number
  readonly lostPackets: number
  readonly damagedFramesAtMost: number
  /** Frames of the recordings that tell `lostPackets`, and with them `damagedFramesAtMost`. */
  readonly lossToldBy: number
}

export const noFrames: FrameSums = {
  recordings: 0,
  frames: 0,
  missingFrames: 0,
  missingToldBy: 0,
  lostPackets: 0,
  damagedFramesAtMost: 0,
  lossToldBy: 0,
}

export const addFrames = (a: FrameSums, b: FrameSums): FrameSums => ({
  recordings: a.recordings + b.recordings,
  frames: a.frames + b.frames,
  missingFrames: a.missingFrames + b.missingFrames,
  missingToldBy: a.missingToldBy + b.missingToldBy,
  lostPackets: a.lostPackets + b.lostPackets,
  damagedFramesAtMost: a.damagedFramesAtMost + b.damagedFramesAtMost,
  lossToldBy: a.lossToldBy + b.lossToldBy,
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
  const frames = row.frames * share
  const part = (count: number | null): number => (count ?? 0) * share
  return {
    recordings: 1,
    frames,
    missingFrames: part(row.missingFrames),
    missingToldBy: row.missingFrames === null ? 0 : frames,
    lostPackets: part(row.lostPackets),
    damagedFramesAtMost: part(row.damagedFramesAtMost),
    lossToldBy: row.lostPackets === null ? 0 : frames,
  }
}

/** Sums recordings within a range; one that lies there only partly counts by its share of time. */
export const frameSums = (rows: ReadonlyArray<Counted>, range: Span): FrameSums =>
  rows.map((row) => framesOf(row, range)).reduce(addFrames, noFrames)
