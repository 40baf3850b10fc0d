import type { SimulatorClock } from "./SimulatorClock.ts"

/** Something that has to act at instants it knows beforehand, on the monotonic clock. */
export interface Ticking {
  readonly dueMillis: () => number
  readonly tick: (monotonicMillis: number) => void
}

/** Instants closer together than this share one wake-up: 25 cameras would otherwise cost hundreds of timers a second. */
const quantumMillis = 4

/** One timer for all cameras: wakes at the earliest instant that any of them waits for. */
export class FrameTicker {
  readonly #clock: SimulatorClock
  readonly #ticking = new Set<Ticking>()
  #timer: NodeJS.Timeout | null = null

  constructor(clock: SimulatorClock) {
    this.#clock = clock
  }

  add(ticking: Ticking): void {
    this.#ticking.add(ticking)
    this.reschedule()
  }

  remove(ticking: Ticking): void {
    this.#ticking.delete(ticking)
    this.reschedule()
  }

  /** To be called when an instant has moved. */
  reschedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    let earliest = Number.POSITIVE_INFINITY
    for (const ticking of this.#ticking) earliest = Math.min(earliest, ticking.dueMillis())
    if (earliest === Number.POSITIVE_INFINITY) return
    // Rounded up: timers count whole milliseconds and would fire early.
    const wait = Math.max(quantumMillis, Math.ceil(earliest - this.#clock.monotonicMillis()))
    this.#timer = setTimeout(this.#wake, wait)
  }

  readonly #wake = (): void => {
    const now = this.#clock.monotonicMillis()
    for (const ticking of this.#ticking) if (ticking.dueMillis() <= now) ticking.tick(now)
    this.reschedule()
  }
}
