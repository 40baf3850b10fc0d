import type { Span } from "../../domain/Segment.ts"
import { framesMissingIn, holesOf, hasPause, wallStartOf } from "./placement.ts"
import type { Placement } from "./placement.ts"

/** Fragments whose place may still be revised; more than FFmpeg writes during start-up and any pending delay. */
const recentFragments = 96

/** Called with each fragment once its place is final, and with the wall time at which the one before it ends. */
export type OnSettled = (placement: Placement, previousEndMillis: number) => void

/** The fragments of one file in wall time: the recent ones one by one, the settled ones as totals. */
export class PlacedFile {
  readonly #onSettled: OnSettled
  readonly #recent: Array<Placement> = []
  /** Where the fragment before the oldest recent one ends; `null` before the first arrival of a run. */
  #settledEndMillis: number | null
  readonly #settledHoles: Array<Span> = []
  #settledMissing = 0
  #settledStartMillis: number | null = null
  #first: Placement | null = null
  #laidOut = 0
  #mayHavePauses = false

  constructor(previousEndMillis: number | null, onSettled: OnSettled) {
    this.#settledEndMillis = previousEndMillis
    this.#onSettled = onSettled
  }

  get recent(): ReadonlyArray<Placement> {
    return this.#recent
  }

  /** Whether even the first fragment may still be revised. */
  get isWhollyRecent(): boolean {
    return this.#settledStartMillis === null
  }

  get previousEndMillis(): number | null {
    return this.#settledEndMillis
  }

  get startMillis(): number | null {
    const { previousEndMillis } = this
    if (this.#settledStartMillis !== null) return this.#settledStartMillis
    if (this.#first === null || previousEndMillis === null) return null
    return wallStartOf(this.#first, previousEndMillis)
  }

  get endMillis(): number | null {
    if (this.#settledEndMillis === null) return null
    return this.#recent.at(-1)?.wallEndMillis ?? this.#settledEndMillis
  }

  get holes(): ReadonlyArray<Span> {
    if (!this.#mayHavePauses) return noHoles
    const holes = [...this.#settledHoles]
    let previousEndMillis = this.#settledEndMillis ?? 0
    for (const placement of this.#recent) {
      holes.push(...holesOf(placement, previousEndMillis, placement === this.#first))
      previousEndMillis = placement.wallEndMillis
    }
    return holes
  }

  /** Frames that did not come during real pauses inside the file. */
  get framesMissingInPauses(): number {
    let missing = this.#settledMissing
    if (!this.#mayHavePauses) return missing
    for (const placement of this.#recent) {
      if (hasPause(placement)) missing += framesMissingIn(placement, placement === this.#first)
    }
    return missing
  }

  push(placement: Placement): void {
    this.#recent.push(placement)
    this.#first ??= placement
    if (placement.stretches.length > 0) this.#mayHavePauses = true
    this.layOut()
    // Before the first arrival of a run nothing has a place yet; of a file that nobody watched that is its end.
    const surplus = this.#settledEndMillis === null ? 0 : this.#recent.length - recentFragments
    if (surplus > 0) this.#settleFirst(surplus)
  }

  /** Believes in a pause before a fragment that its media time does not show. */
  addPause(placement: Placement, millis: number): void {
    placement.pauseMillis += millis
    this.#mayHavePauses = true
  }

  settleAll(): void {
    this.#settleFirst(this.#recent.length)
  }

  /** Moves where the run or file begins in wall time. */
  movePreviousEnd(toMillis: number): void {
    this.#settledEndMillis = toMillis
    this.#laidOut = 0
  }

  /** Moves a fragment and all after it on the even clock. */
  moveFrom(index: number, millis: number): void {
    for (let at = index; at < this.#recent.length; at++) {
      const placement = this.#recent[at]
      if (placement !== undefined) placement.trueEndMillis += millis
    }
    this.#laidOut = Math.min(this.#laidOut, index)
  }

  /** Changes the offset of all recent fragments. */
  setOffsets(change: (offsetMillis: number) => number): void {
    for (const placement of this.#recent) placement.offsetMillis = change(placement.offsetMillis)
    this.#laidOut = 0
  }

  /**
   * How much of `wantedMillis` the pauses since `sinceTrueMillis` can give back, the latest first.
   *
   * A pause inside a fragment keeps the usual frame interval. With `apply` they do give it.
   */
  takeBackPauses(wantedMillis: number, sinceTrueMillis: number, apply: boolean): number {
    let taken = 0
    for (let index = this.#recent.length - 1; index >= 0 && taken < wantedMillis; index--) {
      const placement = this.#recent[index]
      if (placement === undefined || placement.trueEndMillis < sinceTrueMillis) break
      if (!hasPause(placement)) continue
      const here = takeBackFrom(placement, wantedMillis - taken, apply)
      if (apply) this.moveFrom(index, -here)
      taken += here
    }
    return taken
  }

  /** Recomputes wall times that a change made stale; time never runs backwards. */
  layOut(): void {
    let previousEndMillis = this.#recent[this.#laidOut - 1]?.wallEndMillis ?? this.#settledEndMillis ?? 0
    for (; this.#laidOut < this.#recent.length; this.#laidOut++) {
      const placement = this.#recent[this.#laidOut]
      if (placement === undefined) break
      const wallEndMillis = placement.trueEndMillis + placement.offsetMillis
      placement.wallEndMillis = Math.max(previousEndMillis, wallEndMillis)
      previousEndMillis = placement.wallEndMillis
    }
  }

  #settleFirst(count: number): void {
    this.layOut()
    for (const placement of this.#recent.splice(0, count)) {
      const previousEndMillis = this.#settledEndMillis ?? 0
      const isFirst = placement === this.#first
      if (isFirst) this.#settledStartMillis = wallStartOf(placement, previousEndMillis)
      if (hasPause(placement)) {
        this.#settledHoles.push(...holesOf(placement, previousEndMillis, isFirst))
        this.#settledMissing += framesMissingIn(placement, isFirst)
      }
      this.#onSettled(placement, previousEndMillis)
      this.#settledEndMillis = placement.wallEndMillis
    }
    this.#laidOut = this.#recent.length
  }
}

const noHoles: ReadonlyArray<Span> = []

const takeBackFrom = (placement: Placement, wantedMillis: number, apply: boolean): number => {
  let taken = Math.min(placement.pauseMillis, wantedMillis)
  if (apply) placement.pauseMillis -= taken
  for (const stretch of placement.stretches) {
    if (stretch.squeezedFrames > 0) continue
    const spareMillis = Math.max(0, stretch.wallMillis - placement.nominalSeconds * 1000)
    const partMillis = Math.min(spareMillis, wantedMillis - taken)
    if (apply) stretch.wallMillis -= partMillis
    taken += partMillis
  }
  return taken
}
