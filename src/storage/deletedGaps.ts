import { touchMillis } from "../domain/coverage.ts"
import type { Span } from "../domain/Segment.ts"
import { union } from "../domain/spans.ts"
import type { GapRow } from "./accounting/rows.ts"
import type { VanishedGap } from "./Gaps.ts"

/** Recordings of one camera that are being deleted for one reason. */
export interface DeletedSpans {
  readonly cameraId: number
  readonly reason: string
  readonly spans: ReadonlyArray<Span>
}

const identityOf = ({ cameraId, reason }: DeletedSpans, startMillis: number): string =>
  `deleted/${cameraId}/${reason}/${startMillis}`

/**
 * The gaps of cause `deleted` that account for deleted recordings, merged with those beside them.
 *
 * Files that touch become one row, so that there are never more of these rows than recordings with something else
 * between them. `known` are the rows of the same camera and reason that overlap or touch; repeating changes nothing.
 */
export const deletedGaps = (
  deleted: DeletedSpans,
  known: ReadonlyArray<GapRow>,
): ReadonlyArray<GapRow | VanishedGap> => {
  const { cameraId, reason, spans } = deleted
  const before = known.map(({ startMillis, endMillis }) => ({
    fromMillis: startMillis,
    toMillis: endMillis ?? startMillis,
  }))
  const rows = union([...before, ...spans], touchMillis).map(({ fromMillis, toMillis }): GapRow => ({
    cameraId,
    identity: identityOf(deleted, fromMillis),
    startMillis: fromMillis,
    endMillis: toMillis,
    cause: "deleted",
    detail: reason,
  }))
  const kept = new Set(rows.map(({ identity }) => identity))
  const vanished = known
    .filter(({ identity }) => !kept.has(identity))
    .map(({ identity }): VanishedGap => ({ cameraId, identity, startMillis: null }))
  return [...rows, ...vanished]
}
