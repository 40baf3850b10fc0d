import type { ClipGap } from "../domain/Clip.ts"
import { type Coverage, type CoverageSpan, touchMillis } from "../domain/coverage.ts"
import type { Span } from "../domain/Segment.ts"
import { difference } from "../domain/spans.ts"

const common = (spans: ReadonlyArray<Span>, others: ReadonlyArray<Span>): ReadonlyArray<Span> =>
  difference(spans, difference(spans, others))

/** Why a clip lacks what the coverage says this of. */
const causeOf = (span: CoverageSpan): string => {
  if (span.kind === "gap") return span.cause
  return span.kind === "stopped" ? "stopped" : "file_missing"
}

/** That nobody explains a span as short as bounds are accurate tells nothing. */
const isLong = ({ fromMillis, toMillis }: Span): boolean => toMillis - fromMillis > touchMillis

/**
 * What of a range a clip lacks, in ascending order; `shown` is what its pieces hold, `damaged` what could not be read.
 *
 * What could not be read is `file_damaged`. Else the causes are those of the coverage; what was recorded and is in no
 * piece is `file_missing`, what nobody knows of `unknown`: a second that is in no piece is told, whatever became of it.
 */
export const clipGaps = (
  range: Span,
  shown: ReadonlyArray<Span>,
  damaged: ReadonlyArray<Span>,
  { spans }: Pick<Coverage, "spans">,
): ReadonlyArray<ClipGap> => {
  const unshown = difference([range], shown)
  const unread = common(unshown, damaged)
  const lacking = difference(unshown, damaged)
  const explained = [...Map.groupBy(spans, causeOf)].flatMap(([cause, alike]) => {
    // A hole lies inside a piece.
    const parts = cause === "no_frames" ? alike : common(lacking, alike)
    const told = cause === "file_missing" ? parts.filter(isLong) : parts
    return told.map(({ fromMillis, toMillis }): ClipGap => ({ fromMillis, toMillis, cause }))
  })
  const unexplained = difference(lacking, spans)
    .filter(isLong)
    .map((span): ClipGap => ({ ...span, cause: "unknown" }))
  const unreadable = unread.map((span): ClipGap => ({ ...span, cause: "file_damaged" }))
  return [...unreadable, ...explained, ...unexplained].toSorted(
    (one, other) => one.fromMillis - other.fromMillis,
  )
}
