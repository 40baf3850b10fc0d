import type { Span } from "../domain/Segment.ts"
import type { FragmentRecord } from "../recorder/segments/fragmentRecord.ts"
import type { Knot } from "../recorder/segments/placement.ts"
import { wallMillisAt } from "../recorder/segments/readSegment.ts"
import type { SourceSegment } from "./readSource.ts"

/** A recording without what cannot be read. */
export interface IntactParts {
  /** In ascending order; each can be read from its beginning to its end. */
  readonly parts: ReadonlyArray<SourceSegment>
  /** Wall time of what is in none of them. */
  readonly damaged: ReadonlyArray<Span>
}

/** Cuts damaged fragments out of a recording, with what follows each of them up to the next keyframe. */
export const intactParts = (
  source: SourceSegment,
  isDamaged: (fragment: FragmentRecord) => boolean,
): IntactParts => {
  if (!source.fragments.some(isDamaged)) return { parts: [source], damaged: [] }
  const parts = intactRuns(source.fragments, isDamaged).map((fragments) => ({
    ...source,
    fragments,
    knots: knotsOfRun(source.knots, fragments),
  }))
  const damaged: Array<Span> = []
  let fromMillis = source.knots[0]?.wallMillis ?? 0
  const cutUntil = (toMillis: number): void => {
    if (fromMillis < toMillis) damaged.push({ fromMillis, toMillis })
  }
  for (const { knots } of parts) {
    cutUntil(knots[0]?.wallMillis ?? fromMillis)
    fromMillis = knots.at(-1)?.wallMillis ?? fromMillis
  }
  cutUntil(source.knots.at(-1)?.wallMillis ?? fromMillis)
  return { parts, damaged }
}

const intactRuns = (
  fragments: ReadonlyArray<FragmentRecord>,
  isDamaged: (fragment: FragmentRecord) => boolean,
): ReadonlyArray<ReadonlyArray<FragmentRecord>> => {
  const runs: Array<Array<FragmentRecord>> = []
  let run: Array<FragmentRecord> | null = null
  for (const [index, fragment] of fragments.entries()) {
    if (isDamaged(fragment)) {
      run = null
      continue
    }
    if (run === null) {
      // A picture is nothing without the keyframe that it refers to.
      if (index > 0 && !fragment.startsWithKeyframe) continue
      run = []
      runs.push(run)
    }
    run.push(fragment)
  }
  return runs
}

/** The knots between the first and the last frame of a run, these included. */
const knotsOfRun = (
  knots: ReadonlyArray<Knot>,
  fragments: ReadonlyArray<FragmentRecord>,
): ReadonlyArray<Knot> => {
  const fromSeconds = fragments[0]?.mediaStartSeconds ?? 0
  const toSeconds = fragments.at(-1)?.mediaEndSeconds ?? fromSeconds
  const behind = knots.findLastIndex(({ mediaSeconds }) => mediaSeconds <= fromSeconds) + 1
  // The first of two at the end: the second is behind a pause.
  const at = knots.findIndex(({ mediaSeconds }, index) => index >= behind && mediaSeconds >= toSeconds)
  const inner = knots.slice(behind, at < 0 ? undefined : at + 1)
  return [{ mediaSeconds: fromSeconds, wallMillis: wallMillisAt(knots, fromSeconds) ?? 0 }, ...inner]
}
