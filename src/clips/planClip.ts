import type { ClipSource } from "../domain/Clip.ts"
import type { Span } from "../domain/Segment.ts"
import { wallMillisAt } from "../recorder/segments/readSegment.ts"
import { codingChange } from "./codingChange.ts"
import type { SourceSegment } from "./readSource.ts"

/** A stretch of one recording that goes into a clip. */
export interface ClipPiece extends ClipSource {
  /** Where reading ends; null at the end of the file. Behind `toSeconds`, since sound lies behind its pictures. */
  readonly readToSeconds: number | null
  /** What stands before the first fragment of the file: without it no fragment can be read. */
  readonly headBytes: number
  /** The fragments that hold the piece: nothing else of the file is looked at, however long it is. */
  readonly fromByte: number
  readonly toByte: number
}

/** How a clip is laid out: the pieces one after the other. */
export interface ClipLayout {
  readonly pieces: ReadonlyArray<ClipPiece>
  /** What is in the file before the first picture that is shown: from the keyframe on. */
  readonly hiddenSeconds: number
  /** How much later than it is decoded a picture is shown. */
  readonly delaySeconds: number
  /** Of what is shown. */
  readonly durationSeconds: number
  readonly startMillis: number
  readonly endMillis: number
  /** Wall time of each piece. */
  readonly spans: ReadonlyArray<Span>
  /** Of the fragments that the pieces touch: what the file has at most, about. */
  readonly sizeBytes: number
  /** Whether one set of parameters serves for all pictures. */
  readonly isUniform: boolean
  /** The first piece with sound; null without any. */
  readonly soundFrom: number | null
}

/** A range that cannot be one clip; `reason` is for people. */
export interface ClipImpossible {
  readonly reason: string
}

export interface PlanRequest {
  readonly fromMillis: number
  readonly toMillis: number
  readonly isExact: boolean
}

interface TrimmedSource {
  readonly source: SourceSegment
  readonly piece: ClipPiece
  readonly startMillis: number
  readonly endMillis: number
  /** From the keyframe to `fromMillis`. */
  readonly leadSeconds: number
  readonly sizeBytes: number
}

/** What is lost where a wall time is turned into a media time: far less than a frame. */
const roundingSeconds = 0.001
/** How far sound may lie behind the pictures of its time: it is interleaved by fragments. */
const interleavingFragments = 2
/** Instants are told in whole milliseconds: what overlaps by less lies beside the range. */
const shortestOverlapMillis = 1

/**
 * Lays out a clip: which stretches of which recordings, from the keyframe at or before the beginning on.
 *
 * Recordings come in the order of their beginnings. `null` where none of them has a frame in the range.
 */
export const planClip = (
  sources: ReadonlyArray<SourceSegment>,
  request: PlanRequest,
): ClipLayout | ClipImpossible | null => {
  const trimmed = sources.flatMap((source) => trim(source, request) ?? [])
  const [first] = trimmed
  const last = trimmed.at(-1)
  if (first === undefined || last === undefined) return null
  const pieces = trimmed.map(({ piece }, index) =>
    // What is read behind a piece would stand before the next one.
    index === trimmed.length - 1 || piece.readToSeconds === null
      ? piece
      : { ...piece, readToSeconds: piece.toSeconds },
  )
  const spans = trimmed.map(({ source, startMillis, endMillis }) => ({
    fromMillis: startMillis,
    toMillis: endMillis,
    codings: source.codings,
  }))
  const reason = codingChange(spans)
  if (reason !== null) return { reason }
  const soundFrom = trimmed.findIndex(({ source }) => source.codings.audio !== null)
  const mediaSeconds = pieces.reduce((sum, { fromSeconds, toSeconds }) => sum + toSeconds - fromSeconds, 0)
  const hiddenSeconds = request.isExact ? first.leadSeconds : 0
  return {
    pieces,
    hiddenSeconds,
    delaySeconds: first.source.delaySeconds,
    durationSeconds: mediaSeconds - hiddenSeconds,
    startMillis: request.isExact ? Math.max(first.startMillis, request.fromMillis) : first.startMillis,
    endMillis: trimmed.reduce((latest, { endMillis }) => Math.max(latest, endMillis), last.endMillis),
    spans: spans.map(({ fromMillis, toMillis }) => ({ fromMillis, toMillis })),
    sizeBytes: trimmed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    isUniform: new Set(trimmed.map(({ source }) => source.codings.video?.configuration)).size === 1,
    soundFrom: soundFrom < 0 ? null : soundFrom,
  }
}

const trim = (source: SourceSegment, { fromMillis, toMillis }: PlanRequest): TrimmedSource | null => {
  const { fragments, knots, filePath } = source
  const firstFragment = fragments[0]
  const lastFragment = fragments.at(-1)
  const wallStart = knots[0]?.wallMillis
  const wallEnd = knots.at(-1)?.wallMillis
  if (firstFragment === undefined || lastFragment === undefined) return null
  if (wallStart === undefined || wallEnd === undefined) return null
  if (wallEnd - fromMillis < shortestOverlapMillis || toMillis - wallStart < shortestOverlapMillis)
    return null
  const beginSeconds =
    wallStart >= fromMillis ? firstFragment.mediaStartSeconds : mediaSecondsAt(source, fromMillis)
  const keyframe = Math.max(
    0,
    fragments.findLastIndex(
      (one) => one.startsWithKeyframe && one.mediaStartSeconds <= beginSeconds + roundingSeconds,
    ),
  )
  const fromSeconds = (fragments[keyframe] ?? firstFragment).mediaStartSeconds
  const isWhole = wallEnd <= toMillis
  const toSeconds = isWhole ? lastFragment.mediaEndSeconds : mediaSecondsAt(source, toMillis)
  if (toSeconds <= fromSeconds) return null
  const ending = fragments.findIndex((one) => one.mediaEndSeconds >= toSeconds)
  const touched = fragments.filter(
    (one) => one.mediaEndSeconds > fromSeconds && one.mediaStartSeconds < toSeconds,
  )
  const readTo = isWhole ? lastFragment : (fragments[ending + interleavingFragments] ?? lastFragment)
  return {
    source,
    piece: {
      filePath,
      fromSeconds,
      toSeconds,
      readToSeconds: isWhole ? null : readTo.mediaEndSeconds,
      headBytes: source.headBytes,
      fromByte: (fragments[Math.max(0, keyframe - interleavingFragments)] ?? firstFragment).offset,
      toByte: readTo.offset + readTo.sizeBytes,
    },
    startMillis: Math.round(wallMillisAt(knots, fromSeconds) ?? wallStart),
    endMillis: Math.round(Math.min(wallEnd, toMillis)),
    leadSeconds: Math.max(0, beginSeconds - fromSeconds),
    sizeBytes: touched.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
}

/** Media time of a wall time (Unix milliseconds) that lies within the segment: the inverse of `wallMillisAt`. */
const mediaSecondsAt = ({ knots }: SourceSegment, wallMillis: number): number => {
  const next = knots.findIndex((knot) => knot.wallMillis > wallMillis)
  const to = knots.at(next)
  const from = knots[Math.max(0, next - 1)] ?? to
  if (from === undefined || to === undefined) return 0
  const span = to.wallMillis - from.wallMillis
  const share = span > 0 ? Math.min(1, Math.max(0, wallMillis - from.wallMillis) / span) : 1
  return from.mediaSeconds + share * (to.mediaSeconds - from.mediaSeconds)
}
