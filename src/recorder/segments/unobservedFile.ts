import type { FragmentRecord } from "./fragmentRecord.ts"
import { Timeline } from "./Timeline.ts"

/** Time by which a file that nobody watched departs from the end of the one before it. */
export interface UnobservedStart {
  /** How far this machine's clock must have jumped back: media cannot come before it was sent. */
  readonly clockStepMillis: number
  readonly pauseMillis: number
}

const toleranceMillis = 500

/**
 * Finds where a file that nobody watched begins: its `mtime` minus its media duration.
 *
 * Within 0.5 s it touches the file before it. The last file of a run may have been flushed long after
 * its last frame, so a late end says nothing there. Pauses in its media time that did not really happen
 * (a camera clock that jumped) explain an early end before a step of our own clock does.
 */
export const pauseBeforeUnobserved = (
  timeline: Timeline,
  records: ReadonlyArray<FragmentRecord>,
  endMillis: number,
  isLastOfRun: boolean,
): UnobservedStart => {
  if (timeline.state.offsetMillis === null || records.length === 0) return none
  const trial = new Timeline(null, timeline.state)
  for (const [index, record] of records.entries()) {
    const isLast = index === records.length - 1
    trial.add(isLast ? { ...record, arrivalMillis: endMillis, arrivalKind: "hint" } : record)
  }
  const divergence = endMillis - (trial.endMillis ?? endMillis)
  if (divergence < -toleranceMillis) return { clockStepMillis: divergence, pauseMillis: 0 }
  if (divergence > toleranceMillis && !isLastOfRun) {
    return { clockStepMillis: 0, pauseMillis: divergence }
  }
  return none
}

const none: UnobservedStart = { clockStepMillis: 0, pauseMillis: 0 }
