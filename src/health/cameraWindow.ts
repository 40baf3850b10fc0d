import type { Coverage } from "../domain/coverage.ts"
import type { CameraWindow } from "../domain/Health.ts"
import { addFrames, type FrameSums, noFrames } from "../storage/frameSums.ts"

/** What a part of a window says; parts of adjacent times add up. */
export interface WindowPart {
  readonly enabledMillis: number
  readonly unrecordedMillis: number
  readonly frames: FrameSums
}

export const emptyPart: WindowPart = { enabledMillis: 0, unrecordedMillis: 0, frames: noFrames }

export const addParts = (a: WindowPart, b: WindowPart): WindowPart => ({
  enabledMillis: a.enabledMillis + b.enabledMillis,
  unrecordedMillis: a.unrecordedMillis + b.unrecordedMillis,
  frames: addFrames(a.frames, b.frames),
})

/**
 * The account of a range as a part of a window.
 *
 * What was deleted had been recorded. The instants over which the clock jumped never were: they count for nothing.
 */
export const windowPart = ({ spans, gapMillis, enabledMillis }: Coverage, frames: FrameSums): WindowPart => {
  const gapOf = (cause: "deleted" | "clock_step"): number =>
    spans.reduce(
      (sum, span) =>
        span.kind === "gap" && span.cause === cause ? sum + span.toMillis - span.fromMillis : sum,
      0,
    )
  const jumpedMillis = gapOf("clock_step")
  return {
    enabledMillis: enabledMillis - jumpedMillis,
    unrecordedMillis: gapMillis - gapOf("deleted") - jumpedMillis,
    frames,
  }
}

/**
 * So much of a window must tell its missing frames: a file in which the frame rate changed, or a short one, is no reason
 * to say nothing, and a camera without a steady rate has no figure.
 */
const leastMeasuredShare = 0.95

/** A window as it is reported; lost packets are counts, so they are told of however little tells them, with its share. */
export const cameraWindow = (part: WindowPart, measuredAtMillis: number): CameraWindow => {
  const { enabledMillis, unrecordedMillis } = part
  const { frames, missingFrames, missingToldBy, lostPackets, damagedFramesAtMost, lossToldBy } = part.frames
  // Sums of parts are as exact as floating point.
  const shareOf = (toldBy: number): number => (frames > 0 ? Math.min(1, toldBy / frames) : 0)
  const isMissingMeasured = shareOf(missingToldBy) >= leastMeasuredShare
  const isLossMeasured = lossToldBy > 0
  return {
    measuredAtMillis,
    uptime: enabledMillis > 0 ? (enabledMillis - unrecordedMillis) / enabledMillis : null,
    recordedSeconds: (enabledMillis - unrecordedMillis) / 1000,
    enabledSeconds: enabledMillis / 1000,
    frames: Math.round(frames),
    missingFrames: isMissingMeasured ? Math.round(missingFrames) : null,
    missingMeasuredShare: shareOf(missingToldBy),
    lostPackets: isLossMeasured ? Math.round(lostPackets) : null,
    damagedFramesAtMost: isLossMeasured ? Math.round(damagedFramesAtMost) : null,
    lossMeasuredShare: shareOf(lossToldBy),
    frameLossPercent: isMissingMeasured ? (100 * missingFrames) / (missingToldBy + missingFrames) : null,
  }
}
