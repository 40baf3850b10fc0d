import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import type { Span } from "../../src/domain/Segment.ts"
import { difference, totalMillis, union } from "../../src/domain/spans.ts"
import { cameraFiles } from "./cameraFiles.ts"

/** Frames farther apart than this have something missing between them. */
const holeMillis = 500

/** When the frames in the files of a camera were sent, as the frames themselves say. */
export const recordedTruth = (cameraDirectory: string, frameMillis: number): ReadonlyArray<Span> =>
  union(
    cameraFiles(cameraDirectory).flatMap(({ path }) =>
      readFrameStamps(path).map(({ sequence, sentAtMillis }, at, stamps) => {
        const before = stamps[at - 1]
        // Of two frames that follow each other in a file the second was sent late: none is missing between them.
        const isNext = before !== undefined && sequence === before.sequence + 1
        return {
          fromMillis: isNext ? before.sentAtMillis : sentAtMillis,
          toMillis: sentAtMillis + frameMillis,
        }
      }),
    ),
    holeMillis,
  )

/** How two accounts of the same time differ; empty spans where they do not. */
export interface Disagreement {
  /** The longest stretch between a boundary of the one and the same boundary of the other. */
  readonly boundary: Span
  /** The longest stretch of which one account knows both boundaries and the other none. */
  readonly unlisted: Span
}

const longest = (pieces: ReadonlyArray<Span>): Span =>
  pieces.reduce((best, piece) => (totalMillis([piece]) > totalMillis([best]) ? piece : best), {
    fromMillis: 0,
    toMillis: 0,
  })

/** The parts of the spans that the others do not have, and whether they lie in the midst of one span. */
const surplus = (spans: ReadonlyArray<Span>, others: ReadonlyArray<Span>) =>
  difference(spans, others).map((piece) => ({
    piece,
    isInner: spans.some((span) => span.fromMillis < piece.fromMillis && span.toMillis > piece.toMillis),
  }))

/** Holds two accounts against each other. */
export const disagreement = (one: ReadonlyArray<Span>, other: ReadonlyArray<Span>): Disagreement => {
  const pieces = [...surplus(one, other), ...surplus(other, one)]
  const of = (isInner: boolean) =>
    longest(pieces.filter((found) => found.isInner === isInner).map(({ piece }) => piece))
  return { boundary: of(false), unlisted: of(true) }
}
