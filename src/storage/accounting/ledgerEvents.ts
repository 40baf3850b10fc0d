import type { VigiaEvent } from "../../domain/VigiaEvent.ts"
import type { GapRow, LedgerRows, RecordingRow } from "./rows.ts"

const segmentEvents = (row: RecordingRow, was: RecordingRow | undefined): ReadonlyArray<VigiaEvent> => {
  if (was?.state === row.state) return []
  const { cameraId, filePath, startMillis, endMillis, sizeBytes } = row
  const type = row.state === "closed" ? "segment.closed" : "segment.opened"
  return [{ type, cameraId, filePath, startMillis, endMillis, sizeBytes }]
}

const ended = ({ cameraId, cause, startMillis }: GapRow, endMillis: number): VigiaEvent => ({
  type: "gap.ended",
  cameraId,
  cause,
  startMillis,
  endMillis,
})

/** A gap that is known only when it is over began, too: whoever counts either finds each gap once. */
const gapEvents = (row: GapRow, was: GapRow | undefined): ReadonlyArray<VigiaEvent> => {
  const { cameraId, cause, startMillis, endMillis } = row
  const isOpen = was !== undefined && was.endMillis === null
  const began: ReadonlyArray<VigiaEvent> =
    was === undefined || (was.endMillis !== null && endMillis === null)
      ? [{ type: "gap.began", cameraId, cause, startMillis }]
      : []
  return endMillis !== null && (isOpen || was === undefined) ? [...began, ended(row, endMillis)] : began
}

/** What an outage became that was none: the run went on. It is over, and nothing is missing. */
const vanished = (before: LedgerRows, after: LedgerRows): ReadonlyArray<VigiaEvent> =>
  [...before.gaps.values()]
    .filter(({ identity, endMillis }) => endMillis === null && !after.gaps.has(identity))
    .map((row) => ended(row, row.startMillis))

/**
 * What began or ended between two states of a camera's ledger; bounds that only move say nothing.
 *
 * A file is opened once and closed once, also over restarts of the service: what the earlier life left in the
 * database is the first state.
 */
export const ledgerEvents = (before: LedgerRows, after: LedgerRows): ReadonlyArray<VigiaEvent> => [
  ...[...after.recordings].flatMap(([filePath, row]) => segmentEvents(row, before.recordings.get(filePath))),
  ...vanished(before, after),
  ...[...after.gaps].flatMap(([identity, row]) => gapEvents(row, before.gaps.get(identity))),
]
