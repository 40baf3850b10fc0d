import type { Span } from "./Segment.ts"

const isNotEmpty = ({ fromMillis, toMillis }: Span): boolean => fromMillis < toMillis

/**
 * The instants of any of the spans, as the fewest spans in ascending order that do not touch.
 *
 * Spans that are at most `joinMillis` apart become one. Empty spans count for nothing.
 */
export const union = (spans: ReadonlyArray<Span>, joinMillis: number = 0): ReadonlyArray<Span> => {
  const joined: Array<Span> = []
  for (const span of spans.filter(isNotEmpty).toSorted((a, b) => a.fromMillis - b.fromMillis)) {
    const last = joined.at(-1)
    if (last === undefined || span.fromMillis > last.toMillis + joinMillis) {
      joined.push({ fromMillis: span.fromMillis, toMillis: span.toMillis })
    } else if (span.toMillis > last.toMillis) {
      joined[joined.length - 1] = { fromMillis: last.fromMillis, toMillis: span.toMillis }
    }
  }
  return joined
}

/** The part of a span that lies in another; empty (`toMillis` <= `fromMillis`) where they do not meet. */
export const intersection = (a: Span, b: Span): Span => ({
  fromMillis: Math.max(a.fromMillis, b.fromMillis),
  toMillis: Math.min(a.toMillis, b.toMillis),
})

/** The instants of `spans` that are in none of `removed`, in ascending order. */
export const difference = (spans: ReadonlyArray<Span>, removed: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  const cuts = union(removed)
  const left: Array<Span> = []
  let next = 0
  for (const span of union(spans)) {
    let { fromMillis } = span
    while ((cuts[next]?.toMillis ?? Infinity) <= fromMillis) next += 1
    for (let cut = cuts[next]; cut !== undefined && cut.fromMillis < span.toMillis; cut = cuts[next]) {
      left.push({ fromMillis, toMillis: cut.fromMillis })
      fromMillis = cut.toMillis
      if (cut.toMillis >= span.toMillis) break
      next += 1
    }
    left.push({ fromMillis, toMillis: span.toMillis })
  }
  return left.filter(isNotEmpty)
}

/** The length of all spans together; overlaps count as often as they occur. */
export const totalMillis = (spans: ReadonlyArray<Span>): number =>
  spans.reduce((total, { fromMillis, toMillis }) => total + Math.max(0, toMillis - fromMillis), 0)
