import type { Span } from "../../domain/Segment.ts"
import { holeThresholdSeconds } from "./FrameCadence.ts"
import type { Stretch } from "./FrameCadence.ts"

/** A media time of a file (seconds) and the wall time (Unix milliseconds) at which it was reached. */
export interface Knot {
  readonly mediaSeconds: number
  readonly wallMillis: number
}

/** A stretch with the wall time it is held to have taken. */
export interface PlacedStretch extends Stretch {
  wallMillis: number
}

/**
 * Where a fragment stands in wall time, open to revision while it is recent.
 *
 * `trueEndMillis` is the time its end has on a clock that runs evenly from the first frame of the
 * run: media time with the jumps of the camera's clock taken out and unseen pauses put in. Adding
 * `offsetMillis` makes it wall time.
 */
export interface Placement {
  readonly mediaFromSeconds: number
  readonly mediaToSeconds: number
  readonly nominalSeconds: number
  readonly stretches: ReadonlyArray<PlacedStretch>
  /** A pause before the fragment that its media time does not show. */
  pauseMillis: number
  trueEndMillis: number
  offsetMillis: number
  wallEndMillis: number
}

/** The wall time stretches are first held to have taken: a long interval at its word, squeezed frames by their count. */
export const placedStretchesOf = (
  stretches: ReadonlyArray<Stretch>,
  nominalSeconds: number,
): ReadonlyArray<PlacedStretch> =>
  stretches.map((stretch) => ({
    ...stretch,
    wallMillis:
      1000 * (stretch.squeezedFrames === 0 ? stretch.mediaSeconds : stretch.squeezedFrames * nominalSeconds),
  }))

/** Wall time at which a fragment starts, given where the one before it ends. */
export const wallStartOf = (placement: Placement, previousEndMillis: number): number =>
  Math.min(previousEndMillis + placement.pauseMillis, placement.wallEndMillis)

/**
 * The points between which media and wall time of a fragment run evenly.
 *
 * Stretches keep the wall time they are held to have taken; the rest of the fragment shares what remains.
 */
export const knotsOf = (placement: Placement, previousEndMillis: number): ReadonlyArray<Knot> => {
  const { mediaFromSeconds, mediaToSeconds, stretches } = placement
  const startMillis = wallStartOf(placement, previousEndMillis)
  const spanMillis = placement.wallEndMillis - startMillis
  let heldMillis = 0
  let ordinarySeconds = mediaToSeconds - mediaFromSeconds
  for (const stretch of stretches) {
    heldMillis += stretch.wallMillis
    ordinarySeconds -= stretch.mediaSeconds
  }
  const ordinary = Math.max(0, ordinarySeconds)
  // Where the stretches alone take longer than there was, everything shrinks alike.
  const scale = heldMillis > spanMillis ? spanMillis / (heldMillis + ordinary * 1000) : 1
  const millisPerSecond = scale < 1 ? 1000 * scale : ordinary > 0 ? (spanMillis - heldMillis) / ordinary : 0
  const knots: Array<Knot> = [{ mediaSeconds: mediaFromSeconds, wallMillis: startMillis }]
  let mediaSeconds = mediaFromSeconds
  let wallMillis = startMillis
  for (const stretch of stretches) {
    wallMillis += Math.max(0, stretch.atSeconds - mediaSeconds) * millisPerSecond
    knots.push({ mediaSeconds: stretch.atSeconds, wallMillis })
    mediaSeconds = stretch.atSeconds + stretch.mediaSeconds
    wallMillis += stretch.wallMillis * scale
    knots.push({ mediaSeconds, wallMillis })
  }
  knots.push({ mediaSeconds: mediaToSeconds, wallMillis: placement.wallEndMillis })
  return knots
}

/** The spans without a frame inside or before a fragment; the one before a file's first belongs to no file. */
export const holesOf = (
  placement: Placement,
  previousEndMillis: number,
  isFirstOfFile: boolean,
): ReadonlyArray<Span> => {
  const holes: Array<Span> = []
  if (placement.pauseMillis > 0 && !isFirstOfFile) {
    holes.push({
      fromMillis: previousEndMillis,
      toMillis: wallStartOf(placement, previousEndMillis),
    })
  }
  if (!placement.stretches.some((stretch) => isHole(stretch, placement))) return holes
  const knots = knotsOf(placement, previousEndMillis)
  for (const [index, stretch] of placement.stretches.entries()) {
    const from = knots[1 + 2 * index]
    const to = knots[2 + 2 * index]
    if (from === undefined || to === undefined || !isHole(stretch, placement)) continue
    const fromMillis = Math.min(from.wallMillis + placement.nominalSeconds * 1000, to.wallMillis)
    holes.push({ fromMillis, toMillis: to.wallMillis })
  }
  return holes
}

/** Frames that did not come during the stretches and pauses that were real. */
export const framesMissingIn = (placement: Placement, isFirstOfFile: boolean): number => {
  const nominalMillis = placement.nominalSeconds * 1000
  if (nominalMillis <= 0) return 0
  let missing = isFirstOfFile ? 0 : Math.round(placement.pauseMillis / nominalMillis)
  for (const stretch of placement.stretches) {
    if (stretch.squeezedFrames === 0 && isHole(stretch, placement)) {
      missing += Math.round(stretch.wallMillis / nominalMillis) - 1
    }
  }
  return missing
}

/** Whether a fragment may hold a pause, real or not. */
export const hasPause = (placement: Placement): boolean =>
  placement.pauseMillis > 0 || placement.stretches.length > 0

const isHole = (stretch: PlacedStretch, placement: Placement): boolean =>
  stretch.wallMillis >
  Math.max(1, stretch.squeezedFrames) * 1000 * holeThresholdSeconds(placement.nominalSeconds)
