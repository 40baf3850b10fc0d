import { touchMillis } from "../domain/coverage.ts"
import type { SegmentSummary } from "../domain/Segment.ts"
import { emptyLedger } from "./accounting/ledger.ts"
import { type GapRow, type LedgerRows, type RecordingRow, rowsOf } from "./accounting/rows.ts"
import type { VanishedGap } from "./Gaps.ts"
import type { Recording } from "./Recordings.ts"

/** What the catalog says of a file whose row is wrong. */
export interface FoundRow {
  readonly row: Recording
  /** That of its file, or of the tail of its file, being gone. */
  readonly gap: GapRow | null
}

/** The row of a file, and the gaps that go with it. */
export interface RepairedRows {
  readonly recording: RecordingRow
  readonly gaps: ReadonlyArray<GapRow | VanishedGap>
}

/** Names the gap of a file, or of the tail of a file, that is gone. */
export const missingIdentity = (filePath: string): string => `missing/${filePath}`

const vanished = ({ cameraId, filePath }: Pick<RecordingRow, "cameraId" | "filePath">): VanishedGap => ({
  cameraId,
  identity: missingIdentity(filePath),
  startMillis: null,
})

const rowsOfClosed = (summary: SegmentSummary): LedgerRows =>
  rowsOf({
    ...emptyLedger(summary.cameraId),
    segments: [{ ...summary, state: "closed", isReported: true }],
  })

/** The rows of a file that the catalog does not know. */
export const rowsOfAdopted = (summary: SegmentSummary): RepairedRows => {
  const rows = rowsOfClosed(summary)
  const [recording] = rows.recordings.values()
  // A ledger of one segment has one row.
  if (recording === undefined) throw new Error(`no row for ${summary.filePath}`)
  return { recording, gaps: [vanished(recording), ...rows.gaps.values()] }
}

/** The gap of a row whose file is gone: all of its time, also what was lost of it before. */
export const missingGap = ({ row, gap }: FoundRow): GapRow => ({
  cameraId: row.cameraId,
  identity: missingIdentity(row.filePath),
  startMillis: row.startMillis,
  endMillis: Math.max(row.endMillis, gap?.endMillis ?? row.endMillis),
  cause: "file_missing",
  detail: null,
})

/** Where a file that was read again ends; a known end is not moved while just what the row speaks of is there. */
const endOfReread = (row: Recording, wholeEndMillis: number, summary: SegmentSummary): number => {
  if (summary.sizeBytes === row.sizeBytes) return row.endMillis
  const readEndMillis = row.startMillis + summary.endedAtMillis - summary.startedAtMillis
  if (row.state === "growing") return readEndMillis
  const isAllBack = summary.sizeBytes > row.sizeBytes && wholeEndMillis - readEndMillis <= touchMillis
  return isAllBack ? wholeEndMillis : Math.min(readEndMillis, wholeEndMillis)
}

/**
 * The row of a known file as it was read again, and the gap of what it lost.
 *
 * The row keeps its start and its place in its run: they were noted while the file grew, and the `mtime` of a file
 * that was cut says little.
 */
export const rowsOfReread = (found: FoundRow, summary: SegmentSummary): RepairedRows => {
  const { row } = found
  const whole = missingGap(found)
  const wholeEndMillis = whole.endMillis ?? row.endMillis
  const endMillis = endOfReread(row, wholeEndMillis, summary)
  const { runId, segmentNumber: number, startMillis: startedAtMillis } = row
  const { recording, gaps } = rowsOfAdopted({
    ...summary,
    runId,
    number,
    startedAtMillis,
    endedAtMillis: endMillis,
  })
  const lost = { ...whole, startMillis: endMillis, endMillis: wholeEndMillis }
  // Without an index beside the file (and so without a run) the holes that are known are the better ones.
  const holes = summary.runId === "" ? [] : gaps.slice(1)
  return { recording, gaps: [endMillis < wholeEndMillis ? lost : vanished(row), ...holes] }
}
