import type { Cause } from "./Cause.ts"
import type { Gap, Span } from "./Segment.ts"
import { difference, intersection, totalMillis, union } from "./spans.ts"

/** Recorded spans this close have nothing missing between them: it is the accuracy of their bounds. */
export const touchMillis = 500

/** A piece of a covered range: recorded, missing for a cause, or not wanted (the camera was stopped). */
export type CoverageSpan = Span &
  (
    | { readonly kind: "recorded" }
    | { readonly kind: "gap"; readonly cause: Cause }
    | { readonly kind: "stopped" }
  )

/** An exact account of a range: `spans` tile it in order, and the sums are theirs. */
export interface Coverage {
  readonly recordedMillis: number
  readonly gapMillis: number
  readonly stoppedMillis: number
  /** When the camera was to be recorded; it may have been recorded beyond that. */
  readonly enabledMillis: number
  readonly spans: ReadonlyArray<CoverageSpan>
}

export interface CoverageFacts {
  readonly range: Span
  /** When the camera was to be recorded. */
  readonly enabledPeriods: ReadonlyArray<Span>
  /** Segments; they may overlap, in any order. */
  readonly recorded: ReadonlyArray<Span>
  readonly gaps: ReadonlyArray<Gap>
}

const isNoFrames = (gap: Gap): boolean => gap.cause === "no_frames"

/** What is on disk: segments without the holes in them. A hole within the accuracy counts only where it was wanted. */
const onDisk = ({ enabledPeriods, recorded, gaps }: CoverageFacts): ReadonlyArray<Span> => {
  const holes = union(gaps.filter(isNoFrames))
  const unwanted = difference(holes, enabledPeriods)
  const negligible = unwanted.filter(({ fromMillis, toMillis }) => toMillis - fromMillis <= touchMillis)
  return difference(union(recorded, touchMillis), difference(holes, negligible))
}

const isFileMissing = (gap: Gap): boolean => gap.cause === "file_missing"

const isDeleted = (gap: Gap): boolean => gap.cause === "deleted"

/**
 * Of two rows for one instant the one that explains it: that what was recorded is gone, a hole, that it was deleted,
 * else the later; never the order of the rows.
 */
const explainsBetter = (a: Gap, b: Gap): boolean => {
  if (isFileMissing(a) !== isFileMissing(b)) return isFileMissing(a)
  if (isNoFrames(a) !== isNoFrames(b)) return isNoFrames(a)
  if (isDeleted(a) !== isDeleted(b)) return isDeleted(a)
  return a.fromMillis === b.fromMillis ? a.cause > b.cause : a.fromMillis > b.fromMillis
}

const explanation = (gaps: ReadonlyArray<Gap>): Cause =>
  gaps.reduce<Gap | undefined>(
    (best, gap) => (best === undefined || explainsBetter(gap, best) ? gap : best),
    undefined,
  )?.cause ?? "unknown"

const explained = (missing: Span, gaps: ReadonlyArray<Gap>): ReadonlyArray<CoverageSpan> => {
  const here = gaps.filter((gap) => gap.fromMillis < missing.toMillis && gap.toMillis > missing.fromMillis)
  const bounds = new Set([missing.fromMillis, missing.toMillis])
  for (const gap of here) {
    const { fromMillis, toMillis } = intersection(gap, missing)
    bounds.add(fromMillis).add(toMillis)
  }
  const instants = [...bounds].toSorted((a, b) => a - b)
  return instants.slice(1).map((toMillis, index) => {
    const fromMillis = instants[index] ?? toMillis
    const covering = here.filter((gap) => gap.fromMillis <= fromMillis && gap.toMillis >= toMillis)
    return { kind: "gap", fromMillis, toMillis, cause: explanation(covering) }
  })
}

const isSameKind = (a: CoverageSpan, b: CoverageSpan): boolean =>
  a.kind === b.kind && (a.kind !== "gap" || b.kind !== "gap" || a.cause === b.cause)

const joinEqual = (spans: ReadonlyArray<CoverageSpan>): ReadonlyArray<CoverageSpan> => {
  const joined: Array<CoverageSpan> = []
  for (const span of spans) {
    const last = joined.at(-1)
    if (last !== undefined && isSameKind(last, span)) {
      joined[joined.length - 1] = { ...last, toMillis: span.toMillis }
    } else {
      joined.push(span)
    }
  }
  return joined
}

/**
 * Accounts for every instant of a range.
 *
 * What is on disk is recorded, also while the camera was not to be recorded; overlaps count once. The rest of
 * the enabled time is a gap with the cause of its row, or `unknown`: never hidden. All other time is `stopped`.
 */
export const coverage = (facts: CoverageFacts): Coverage => {
  const { range, enabledPeriods, gaps } = facts
  const within = (spans: ReadonlyArray<Span>) => union(spans.map((span) => intersection(span, range)))
  const recorded = within(onDisk(facts))
  const enabled = within(enabledPeriods)
  const missing = difference(enabled, recorded)
  const stopped = difference(difference([range], recorded), missing)
  const spans = joinEqual(
    [
      ...recorded.map((span): CoverageSpan => ({ kind: "recorded", ...span })),
      ...missing.flatMap((span) => explained(span, gaps)),
      ...stopped.map((span): CoverageSpan => ({ kind: "stopped", ...span })),
    ].toSorted((a, b) => a.fromMillis - b.fromMillis),
  )
  const sum = (kind: CoverageSpan["kind"]): number =>
    spans.reduce((total, span) => total + (span.kind === kind ? span.toMillis - span.fromMillis : 0), 0)
  return {
    recordedMillis: sum("recorded"),
    gapMillis: sum("gap"),
    stoppedMillis: sum("stopped"),
    enabledMillis: totalMillis(enabled),
    spans,
  }
}
