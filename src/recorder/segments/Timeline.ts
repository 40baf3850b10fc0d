import type { Span } from "../../domain/Segment.ts"
import type { Stretch } from "./FrameCadence.ts"
import { MedianWindow } from "./medianWindow.ts"
import { acceptedDelays } from "./pendingDelay.ts"
import { PlacedFile } from "./PlacedFile.ts"
import type { OnSettled } from "./PlacedFile.ts"
import type { Placement } from "./placement.ts"

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

interface Pending {
  readonly residualMillis: number
  /** The first fragment that may hold the pause; `null` once its file is closed. */
  readonly placement: Placement | null
}

/** Media and wall time may part this far before it must be explained. */
const divergenceMillis = 500
/** FFmpeg delivers what it read while probing (up to 5 s) in a burst; by then it is live. */
const startupMillis = 15_000
const startupDivergenceMillis = 100
const residualWindow = 31
/** How far back a negative divergence may take back a pause that was believed. */
const revisableMillis = 30_000

/**
 * Turns media time into wall time, fragment by fragment, over the files of a run.
 *
 * The residual of a fragment (its arrival minus its end on an even clock) is the delay of the way plus
 * the difference of the clocks: nearly constant, drifting slowly, above its floor for short whiles.
 * Its running median is followed. Divergence beyond 0.5 s is explained by the frames: downward at
 * once (nothing arrives before it was sent), upward only when it persists (a delay passes).
 */
export class Timeline {
  readonly #runStartedAtMillis: number
  readonly #onSettled: OnSettled
  readonly #residuals: MedianWindow
  #file: PlacedFile
  /** End of the last fragment on the even clock. */
  #trueMillis: number
  #offsetMillis: number | null
  #pending: Array<Pending>
  #mediaEndSeconds: number | null = null
  /** Until when divergence is taken for the delay of start-up; `null` before the first arrival of the run. */
  #startupUntilMillis: number | null = null
  #firstSinceArrival: Placement | null = null

  constructor(
    runStartedAtMillis: number | null,
    state: TimelineState | null = null,
    onSettled: OnSettled = () => undefined,
  ) {
    this.#runStartedAtMillis = runStartedAtMillis ?? Number.NEGATIVE_INFINITY
    this.#onSettled = onSettled
    this.#residuals = new MedianWindow(residualWindow, state?.residuals)
    this.#trueMillis = state?.trueMillis ?? 0
    this.#offsetMillis = state?.offsetMillis ?? null
    this.#pending = (state?.pendingResiduals ?? []).map(withoutPlacement)
    if (this.#offsetMillis !== null) this.#startupUntilMillis = Number.NEGATIVE_INFINITY
    this.#file = new PlacedFile(state?.endMillis ?? null, onSettled)
  }

  /** Wall time of the first frame of the present file; `null` before any arrival. */
  get startMillis(): number | null {
    return this.#file.startMillis
  }

  /** Wall time at which the last fragment ends; `null` before any arrival. */
  get endMillis(): number | null {
    return this.#file.endMillis
  }

  /** Spans of the present file without a frame. */
  get holes(): ReadonlyArray<Span> {
    return this.#file.holes
  }

  /** Frames of the present file that did not come during real pauses. */
  get framesMissingInPauses(): number {
    return this.#file.framesMissingInPauses
  }

  get state(): TimelineState {
    return {
      trueMillis: this.#trueMillis,
      offsetMillis: this.#offsetMillis,
      residuals: [...this.#residuals.values],
      pendingResiduals: this.#pending.map(({ residualMillis }) => residualMillis),
      endMillis: this.endMillis,
    }
  }

  add(fragment: TimedFragment): void {
    const placement = this.#place(fragment)
    this.#file.push(placement)
    this.#firstSinceArrival ??= placement
    if (fragment.arrivalMillis === null) return
    this.#compare(fragment.arrivalMillis, fragment.arrivalKind, placement)
    this.#firstSinceArrival = null
    this.#file.layOut()
  }

  /** The process ended: a delay that two fragments agree on is believed, since no more will come. */
  endRun(): void {
    this.#acceptDelay(2)
    this.#file.layOut()
  }

  /** Settles the present file and starts the next; `stepMillis` is how far this machine's clock jumped. */
  nextFile(stepMillis: number): void {
    this.#file.settleAll()
    const { endMillis } = this.#file
    this.#file = new PlacedFile(endMillis === null ? null : endMillis + stepMillis, this.#onSettled)
    this.#pending = this.#pending.map(({ residualMillis }) => withoutPlacement(residualMillis + stepMillis))
    this.#shiftResiduals(stepMillis)
    this.#mediaEndSeconds = null
    this.#firstSinceArrival = null
    // What is settled cannot be moved any more.
    if (this.#offsetMillis !== null) this.#startupUntilMillis = Number.NEGATIVE_INFINITY
  }

  /** The next file, not begun yet, starts this much later than the last one ended. */
  pauseBeforeFile(pauseMillis: number): void {
    this.#trueMillis += pauseMillis
    const { previousEndMillis } = this.#file
    if (previousEndMillis !== null) this.#file.movePreviousEnd(previousEndMillis + pauseMillis)
  }

  #place(fragment: TimedFragment): Placement {
    const { mediaStartSeconds, mediaEndSeconds, nominalSeconds } = fragment
    const mediaFromSeconds = Math.min(this.#mediaEndSeconds ?? mediaStartSeconds, mediaStartSeconds)
    const stretches = fragment.stretches.map((stretch) => ({
      ...stretch,
      // A long interval is first taken at its word; squeezed frames by their count.
      wallMillis:
        1000 *
        (stretch.squeezedFrames === 0 ? stretch.mediaSeconds : stretch.squeezedFrames * nominalSeconds),
    }))
    let millis = (mediaEndSeconds - mediaFromSeconds) * 1000
    for (const stretch of stretches) millis += stretch.wallMillis - stretch.mediaSeconds * 1000
    this.#trueMillis += Math.max(0, millis)
    this.#mediaEndSeconds = mediaEndSeconds
    return {
      mediaFromSeconds,
      mediaToSeconds: mediaEndSeconds,
      nominalSeconds,
      stretches,
      pauseMillis: 0,
      trueEndMillis: this.#trueMillis,
      offsetMillis: this.#offsetMillis ?? 0,
      wallEndMillis: 0,
    }
  }

  #compare(arrivalMillis: number, kind: ArrivalKind, placement: Placement): void {
    const residualMillis = arrivalMillis - this.#trueMillis
    if (this.#offsetMillis === null) {
      this.#startAt(residualMillis, arrivalMillis)
      return
    }
    const isStartup = this.#startupUntilMillis !== null && arrivalMillis < this.#startupUntilMillis
    const divergence = residualMillis - this.#offsetMillis
    if (divergence < -(isStartup ? startupDivergenceMillis : divergenceMillis)) {
      this.#retreat(-divergence, isStartup, kind)
    } else if (kind !== "observed") {
      return
    } else if (divergence > divergenceMillis) {
      this.#pending.push({ residualMillis, placement: this.#firstSinceArrival ?? placement })
      this.#acceptDelay(3)
    } else {
      this.#pending = []
      this.#residuals.push(residualMillis)
      this.#offsetMillis = this.#residuals.median()
      placement.offsetMillis = this.#offsetMillis ?? residualMillis
      this.#file.moveFrom(this.#file.recent.length - 1, 0)
    }
  }

  #startAt(residualMillis: number, arrivalMillis: number): void {
    this.#offsetMillis = residualMillis
    this.#residuals.replaceWith([residualMillis])
    this.#startupUntilMillis = arrivalMillis + startupMillis
    this.#file.setOffsets(() => residualMillis)
    this.#file.movePreviousEnd(Math.max(this.#runStartedAtMillis, residualMillis))
  }

  /** An arrival earlier than thought possible: take back pauses, or the delay of start-up, or squeeze. */
  #retreat(divergence: number, isStartup: boolean, kind: ArrivalKind): void {
    this.#pending = []
    let excessMillis = divergence
    const sinceMillis = this.#trueMillis - revisableMillis - divergence
    const available = this.#file.takeBackPauses(excessMillis, sinceMillis, false)
    if (!isStartup || available >= 0.8 * excessMillis) {
      const taken = this.#file.takeBackPauses(excessMillis, sinceMillis, true)
      this.#trueMillis -= taken
      excessMillis -= taken
    }
    if (isStartup) excessMillis -= this.#takeBackStartupDelay(excessMillis)
    if (excessMillis > divergenceMillis && kind !== "hint") {
      this.#trueMillis -= excessMillis
      this.#file.moveFrom(this.#file.recent.length - 1, -excessMillis)
    }
  }

  #takeBackStartupDelay(excessMillis: number): number {
    const startMillis = this.#file.previousEndMillis
    if (startMillis === null || !this.#file.isWhollyRecent) return 0
    const spareMillis = Math.max(0, startMillis - this.#runStartedAtMillis)
    const takenMillis = Math.min(excessMillis, spareMillis)
    if (this.#offsetMillis !== null) this.#offsetMillis -= takenMillis
    this.#residuals.replaceWith(this.#offsetMillis === null ? [] : [this.#offsetMillis])
    this.#file.setOffsets((offsetMillis) => offsetMillis - takenMillis)
    this.#file.movePreviousEnd(startMillis - takenMillis)
    return takenMillis
  }

  #acceptDelay(minFragments: number): void {
    const offsetMillis = this.#offsetMillis ?? 0
    const delays = acceptedDelays(
      this.#pending.map(({ residualMillis }) => residualMillis - offsetMillis),
      minFragments,
    )
    if (delays === null) return
    // Part of the first delay had crept in before it was noticed; only the rest came at once.
    const creptMillis = Math.max(0, (this.#residuals.values.at(-1) ?? offsetMillis) - offsetMillis)
    let believedMillis = 0
    for (const [index, { placement, residualMillis }] of this.#pending.entries()) {
      const delayMillis = delays[index] ?? 0
      this.#residuals.push(residualMillis - delayMillis)
      const place = placement === null ? -1 : this.#file.recent.indexOf(placement)
      // The share of a fragment of a closed file falls to the first one that can still be moved.
      if (placement === null || place < 0) continue
      const extraMillis = delayMillis - believedMillis
      const isSudden = extraMillis - (believedMillis === 0 ? creptMillis : 0) > divergenceMillis
      believedMillis = delayMillis
      const stretch = placement.stretches[0]
      if (stretch !== undefined) stretch.wallMillis += extraMillis
      else if (isSudden) this.#file.addPause(placement, extraMillis)
      this.#file.moveFrom(place, extraMillis)
    }
    this.#trueMillis += believedMillis
    this.#pending = []
  }

  #shiftResiduals(millis: number): void {
    if (this.#offsetMillis !== null) this.#offsetMillis += millis
    this.#residuals.replaceWith(this.#residuals.values.map((residual) => residual + millis))
  }
}

const withoutPlacement = (residualMillis: number): Pending => ({ residualMillis, placement: null })
