import type { Stretch } from "./FrameCadence.ts"

/** What the timeline needs to know of a fragment. Media times are those of its file. */
export interface TimedFragment {
  readonly mediaStartSeconds: number
  readonly mediaEndSeconds: number
  readonly nominalSeconds: number
  readonly stretches: ReadonlyArray<Stretch>
  /** On the steady clock of the run; `null` where several fragments were found at once. */
  readonly arrivalMillis: number | null
  readonly arrivalKind: ArrivalKind
}

/**
 * What an arrival is worth.
 *
 * `observed`: the fragment became whole then. `bound`: FFmpeg may have kept it back until its exit.
 * `hint`: seen long after the fact, by a clock that may have been stepped since.
 */
export type ArrivalKind = "observed" | "bound" | "hint"

/** What a run's timeline hands on from one file to the next, and keeps in the index. */
export interface TimelineState {
  readonly trueMillis: number
  readonly offsetMillis: number | null
  readonly residuals: ReadonlyArray<number>
  readonly pendingResiduals: ReadonlyArray<number>
  /** Wall time at which the last fragment ends; `null` before the first. */
  readonly endMillis: number | null
}
