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

/** A window as it is reported. Frames of which only some recordings tell the missing ones are not measured at all. */
export const cameraWindow = (part: WindowPart, measuredAtMillis: number): CameraWindow => {
  const { enabledMillis, unrecordedMillis } = part
  const { recordings, frames, missingFrames, lostPackets, damagedFramesAtMost } = part.frames
  const expected = missingFrames === null ? 0 : frames + missingFrames
  const whole = (count: number | null): number | null =>
    count === null || recordings === 0 ? null : Math.round(count)
  return {
    measuredAtMillis,
    uptime: enabledMillis > 0 ? (enabledMillis - unrecordedMillis) / enabledMillis : null,
    recordedSeconds: (enabledMillis - unrecordedMillis) / 1000,
    enabledSeconds: enabledMillis / 1000,
    frames: Math.round(frames),
    missingFrames: whole(missingFrames),
    lostPackets: whole(lostPackets),
    damagedFramesAtMost: whole(damagedFramesAtMost),
    frameLossPercent: missingFrames !== null && expected > 0 ? (100 * missingFrames) / expected : null,
  }
}
