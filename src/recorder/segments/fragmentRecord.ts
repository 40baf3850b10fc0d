import { type CadenceOfFragment, FrameCadence } from "./FrameCadence.ts"
import type { Fragment } from "./FragmentReader.ts"
import type { FragmentLoss } from "./PacketLoss.ts"
import type { ArrivalKind } from "./timelineContract.ts"

/** Everything worth keeping of a fragment: what the index stores, and all that a summary is made of. */
export interface FragmentRecord extends Omit<Fragment, "frameIntervalsSeconds">, CadenceOfFragment {
  /** On the steady clock of the run (Unix milliseconds); `null` where it was not observed. */
  readonly arrivalMillis: number | null
  readonly arrivalKind: ArrivalKind
  /** `null` where nothing tells: on TCP, or of a fragment that nobody watched. */
  readonly loss: FragmentLoss | null
}

/** Condenses a fragment to its record; `cadence` learns from it. Media times are kept to the microsecond; of loss it knows nothing. */
export const recordFragment = (
  fragment: Fragment,
  cadence: FrameCadence,
  arrivalMillis: number | null,
  arrivalKind: ArrivalKind,
): FragmentRecord => {
  const cadenceOfFragment = cadence.add(fragment)
  return {
    offset: fragment.offset,
    sizeBytes: fragment.sizeBytes,
    mediaStartSeconds: toMicros(fragment.mediaStartSeconds),
    mediaEndSeconds: toMicros(fragment.mediaEndSeconds),
    frames: fragment.frames,
    startsWithKeyframe: fragment.startsWithKeyframe,
    audioSamples: fragment.audioSamples,
    nominalSeconds: toMicros(cadenceOfFragment.nominalSeconds),
    missingFrames: cadenceOfFragment.missingFrames,
    irregularFrames: cadenceOfFragment.irregularFrames,
    stretches: cadenceOfFragment.stretches.map(({ atSeconds, mediaSeconds, squeezedFrames }) => ({
      atSeconds: toMicros(atSeconds),
      mediaSeconds: toMicros(mediaSeconds),
      squeezedFrames,
    })),
    lastIntervalSeconds: toMicros(cadenceOfFragment.lastIntervalSeconds),
    arrivalMillis,
    arrivalKind,
    loss: null,
  }
}

const toMicros = (seconds: number): number => Math.round(seconds * 1e6) / 1e6

/** The cadence of a run after this fragment, as far as its record tells. */
export const cadenceAfter = (record: FragmentRecord): FrameCadence =>
  new FrameCadence(record.nominalSeconds, {
    endSeconds: record.mediaEndSeconds,
    intervalSeconds: record.lastIntervalSeconds,
  })
