import type { Span } from "../../domain/Segment.ts"
import { cameAtOnce } from "./cameAtOnce.ts"
import { MedianWindow } from "./medianWindow.ts"
import { acceptedDelays } from "./pendingDelay.ts"
import { PlacedFile } from "./PlacedFile.ts"
import type { OnSettled } from "./PlacedFile.ts"
import { placedStretchesOf } from "./placement.ts"
import type { Placement } from "./placement.ts"
import type { ArrivalKind, TimedFragment, TimelineState } from "./timelineContract.ts"

interface Pending {
  readonly residualMillis: number
  /** Where the fragment ends on the even clock; `null` for one of an earlier file or life. */
  readonly trueMillis: number | null
  /** The first fragment that may hold the pause; `null` once its file is closed. */
  readonly placement: Placement | null
}

/** Media and wall time may part this far before it must be explained. */
const divergenceMillis = 500
/** FFmpeg delivers what it read while probing (up to 5 s) in a burst; by then it is live. */
const startupMillis = 15_000
const startupDivergenceMillis = 100
/** What was held back arrives in a burst; arrivals that agree over this long are live. */
const liveAfterMillis = 500
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
  /** The arrival that set the offset while it may still be late by probing; `null` once arrivals are live. */
  #unconfirmedSinceMillis: number | null = null

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
    if (this.#offsetMillis !== null) this.#endStartup()
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

  /**
   * The process ended: a delay that two fragments agree on is believed, since no more will come.
   *
   * Not where both came at once, the last as short as what FFmpeg still holds when it gives up a stalled camera: then they
   * are from before the stall.
   */
  endRun(): void {
    const [before, last] = this.#pending.slice(-2)
    if (before === undefined || last === undefined || !cameAtOnce(before, last)) this.#acceptDelay(2)
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
    if (this.#offsetMillis !== null) this.#endStartup()
  }

  /** The next file, not begun yet, starts this much later than the last one ended. */
  pauseBeforeFile(pauseMillis: number): void {
    this.#trueMillis += pauseMillis
    const { previousEndMillis } = this.#file
    if (previousEndMillis !== null) this.#file.movePreviousEnd(previousEndMillis + pauseMillis)
  }

  #endStartup(): void {
    this.#unconfirmedSinceMillis = null
    this.#startupUntilMillis = Number.NEGATIVE_INFINITY
  }

  #place(fragment: TimedFragment): Placement {
    const { mediaStartSeconds, mediaEndSeconds, nominalSeconds } = fragment
    const mediaFromSeconds = Math.min(this.#mediaEndSeconds ?? mediaStartSeconds, mediaStartSeconds)
    const stretches = placedStretchesOf(fragment.stretches, nominalSeconds)
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
      if (this.#unconfirmedSinceMillis !== null) this.#unconfirmedSinceMillis = arrivalMillis
    } else if (kind !== "observed") {
      return
    } else if (divergence > divergenceMillis) {
      this.#pending.push({
        residualMillis,
        trueMillis: this.#trueMillis,
        placement: this.#firstSinceArrival ?? placement,
      })
      this.#acceptDelay(3)
    } else {
      this.#pending = []
      // Fragments of a frame each fall in small steps.
      if (divergence < 0 && isStartup && this.#isProbingDelay(-divergence)) {
        this.#takeBackStartupDelay(-divergence)
      }
      const sinceMillis = this.#unconfirmedSinceMillis
      if (sinceMillis !== null && arrivalMillis - sinceMillis >= liveAfterMillis) {
        this.#unconfirmedSinceMillis = null
      }
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
    this.#unconfirmedSinceMillis = arrivalMillis
    this.#file.setOffsets(() => residualMillis)
    this.#file.movePreviousEnd(Math.max(this.#runStartedAtMillis, residualMillis))
  }

  /** An arrival earlier than thought possible: take back pauses, or the delay of start-up, or squeeze. */
  #retreat(divergence: number, isStartup: boolean, kind: ArrivalKind): void {
    this.#pending = []
    let excessMillis = divergence
    if (isStartup && this.#isProbingDelay(divergence)) {
      this.#takeBackStartupDelay(divergence)
      return
    }
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

  /**
   * Whether all arrivals so far were late by this much, so that pauses in the media are real.
   *
   * A place before the start of the run is impossible: then it is the camera's clock that jumped.
   */
  #isProbingDelay(delayMillis: number): boolean {
    if (this.#unconfirmedSinceMillis === null || !this.#file.isWhollyRecent) return false
    const spareMillis = (this.#file.previousEndMillis ?? 0) - this.#runStartedAtMillis
    return Number.isFinite(spareMillis) && delayMillis <= spareMillis
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

const withoutPlacement = (residualMillis: number): Pending => ({
  residualMillis,
  trueMillis: null,
  placement: null,
})
