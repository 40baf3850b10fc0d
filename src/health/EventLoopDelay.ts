import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks"
import { type Counted, percentile } from "./percentile.ts"

/** How late timers were. */
export interface LoopDelay {
  /** 99th percentile. */
  readonly delaySeconds: number
  readonly greatestSeconds: number
}

/** Each tick costs: 20 ms would cost 0.2 % of a core. */
const resolutionMillis = 50
const resolutionNanos = resolutionMillis * 1e6
const spanMillis = 60_000

interface Slice {
  readonly untilMillis: number
  readonly delays: ReadonlyArray<Counted>
}

/** The kernel's timer measures from one tick to the next: what is beyond the interval is delay. */
const delaysOf = (histogram: IntervalHistogram): ReadonlyArray<Counted> => {
  const { count } = histogram
  if (count === 0) return []
  let below = 0
  return [...histogram.percentiles].map(([percent, nanos]) => {
    const share = percent - below
    below = percent
    return { value: Math.max(0, nanos - resolutionNanos) / 1e9, count: (count * share) / 100 }
  })
}

/**
 * The delay of this thread's event loop over the last minute, measured by the runtime itself.
 *
 * The runtime only adds up: what it counted is taken from it with each sample, and forgotten after a minute.
 */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMillis })
  #slices: ReadonlyArray<Slice> = []

  start(): void {
    this.#histogram.enable()
  }

  stop(): void {
    this.#histogram.disable()
  }

  /** Null while nothing was counted; `nowMillis` of a monotonic clock. */
  sample(nowMillis: number): LoopDelay | null {
    this.#slices = [...this.#slices, { untilMillis: nowMillis, delays: delaysOf(this.#histogram) }].filter(
      ({ untilMillis }) => untilMillis > nowMillis - spanMillis,
    )
    this.#histogram.reset()
    const delays = this.#slices.flatMap((slice) => slice.delays)
    const delaySeconds = percentile(delays, 0.99)
    const greatestSeconds = percentile(delays, 1)
    return delaySeconds === null || greatestSeconds === null ? null : { delaySeconds, greatestSeconds }
  }
}
