import type { Span } from "../domain/Segment.ts"

/** What the clock showed while the service lived, in the order in which it lived; the last ends now. */
export type LivedSpans = ReadonlyArray<Span>

/** From what to what the clock was set, or went while no service lived. */
export type ClockStep = Span

/** The clock may go on, or back, by this much while nobody watches it, and it counts: a short outage moves no date. */
const unnoticedMillis = 24 * 3_600_000

const lengthOf = ({ fromMillis, toMillis }: Span): number => toMillis - fromMillis

/** What of these is needed to tell so much age. */
const lastOf = (lived: LivedSpans, ageMillis: number): LivedSpans => {
  let first = lived.length - 1
  for (let leftMillis = ageMillis; first > 0; first--) {
    const span = lived[first]
    if (span === undefined || lengthOf(span) >= leftMillis) break
    leftMillis -= lengthOf(span)
  }
  return lived.slice(Math.max(0, first))
}

/** The step of the clock between what was lived and one more span; null where it just went on. */
export const stepBefore = (lived: LivedSpans, { fromMillis: toMillis }: Span): ClockStep | null => {
  const fromMillis = lived.at(-1)?.toMillis ?? toMillis
  return Math.abs(toMillis - fromMillis) > unnoticedMillis ? { fromMillis, toMillis } : null
}

/** Lives through one more span; forgets what is older than `ageMillis`. */
export const withLived = (lived: LivedSpans, span: Span, ageMillis: number): LivedSpans => {
  const last = lived.at(-1)
  if (last === undefined || stepBefore(lived, span) !== null) return lastOf([...lived, span], ageMillis)
  const fromMillis = Math.min(last.fromMillis, span.fromMillis)
  return lastOf([...lived.slice(0, -1), { fromMillis, toMillis: span.toMillis }], ageMillis)
}

/**
 * The earliest that the clock showed within so much lived time, and not after so much time by the clock: what ended before
 * is older than that.
 *
 * Where less was lived it is 1970.
 */
export const instantOfAge = (lived: LivedSpans, ageMillis: number): number => {
  let earliestMillis = Math.max(0, (lived.at(-1)?.toMillis ?? 0) - ageMillis)
  let leftMillis = ageMillis
  for (const span of lived.toReversed()) {
    if (lengthOf(span) >= leftMillis) return Math.min(earliestMillis, span.toMillis - leftMillis)
    earliestMillis = Math.min(earliestMillis, span.fromMillis)
    leftMillis -= lengthOf(span)
  }
  return 0
}

/** The steps of the clock within so much lived time, the earliest first. */
export const clockSteps = (lived: LivedSpans, ageMillis: number): ReadonlyArray<ClockStep> => {
  const spans = lastOf(lived, ageMillis)
  return spans.slice(1).map(({ fromMillis }, at) => ({
    fromMillis: spans[at]?.toMillis ?? fromMillis,
    toMillis: fromMillis,
  }))
}
