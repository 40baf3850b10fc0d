/** Where the watcher gets its times from. */
export interface WatchClock {
  /** Unix milliseconds by this machine's clock, which may be stepped. */
  readonly wallMillis: () => number
  /** Milliseconds of the kernel's monotonic clock (`process.hrtime`), the same in every thread. */
  readonly monotonicMillis: () => number
  /** Unix milliseconds for the `mtimeMs` of a file. */
  readonly fileMillis: (mtimeMillis: number) => number
}

/** Differences between wall and monotonic clock up to this size are slewing, and followed. */
const stepMillis = 250

/**
 * Wall time as it was set when the present file began: a later step of the clock counts for the next file only.
 *
 * The arrival of a fragment is the `mtime` of its file, held between the last two looks, so that a
 * step that falls between the write and the look at it does not move it.
 */
export class SteadyClock {
  readonly #clock: WatchClock
  #wallMinusMonotonicMillis: number
  #pendingStepMillis = 0
  /** The part of it that happened since the tick before the last. */
  #lastStepMillis = 0
  #nowMillis = Number.NEGATIVE_INFINITY
  #nowMonotonicMillis = 0

  /** Continues from a difference of the clocks that an earlier life of the service wrote down in this boot. */
  constructor(clock: WatchClock, wallMinusMonotonicMillis: number | null = null) {
    this.#clock = clock
    this.#wallMinusMonotonicMillis = wallMinusMonotonicMillis ?? clock.wallMillis() - clock.monotonicMillis()
  }

  /** Wall clock minus monotonic clock as it was when the present file began, slewing included. */
  get wallMinusMonotonicMillis(): number {
    return this.#wallMinusMonotonicMillis - this.#pendingStepMillis
  }

  tick(): void {
    const monotonicMillis = this.#clock.monotonicMillis()
    const difference = this.#clock.wallMillis() - monotonicMillis
    const changeMillis = difference - this.#wallMinusMonotonicMillis
    this.#lastStepMillis = Math.abs(changeMillis) > stepMillis ? changeMillis : 0
    this.#pendingStepMillis += this.#lastStepMillis
    this.#wallMinusMonotonicMillis = difference
    this.#nowMonotonicMillis = monotonicMillis
    this.#nowMillis = monotonicMillis + this.wallMinusMonotonicMillis
  }

  /** Steady time of the last tick (Unix milliseconds). */
  get nowMillis(): number {
    return this.#nowMillis
  }

  /** Monotonic time of the last tick. */
  get nowMonotonicMillis(): number {
    return this.#nowMonotonicMillis
  }

  /**
   * Steady time (whole milliseconds) at which a file that is looked at now was last written.
   *
   * `sinceMillis` is the steady time of the look before. Where our clock stepped since then, the file
   * may have been written before or after that: only one of the two lies between the looks. A clock that is
   * not ours (a file server's) says nothing: then it is the middle between the looks.
   */
  arrivalOf(mtimeMillis: number, sinceMillis: number): number {
    const written = this.#clock.fileMillis(mtimeMillis) - this.#pendingStepMillis
    const isBetween = written >= sinceMillis && written <= this.#nowMillis
    const arrival = isBetween ? written : written + this.#lastStepMillis
    const isForeign = arrival < sinceMillis - stepMillis || arrival > this.#nowMillis + stepMillis
    if (isForeign && Number.isFinite(sinceMillis)) return Math.round((sinceMillis + this.#nowMillis) / 2)
    return Math.round(Math.min(this.#nowMillis, Math.max(sinceMillis, arrival)))
  }

  /** The monotonic time of a steady time. */
  monotonicOf(steadyMillis: number): number {
    return this.#nowMonotonicMillis - (this.#nowMillis - steadyMillis)
  }

  /** The steady time of a monotonic time. */
  steadyOf(monotonicMillis: number): number {
    return this.#nowMillis - (this.#nowMonotonicMillis - monotonicMillis)
  }

  /** From here on the clock counts as it is now; answers how far it had jumped. */
  startFile(): number {
    const stepped = Math.round(this.#pendingStepMillis)
    this.#pendingStepMillis -= stepped
    this.#nowMillis += stepped
    return stepped
  }
}
