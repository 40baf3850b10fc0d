import { performance } from "node:perf_hooks"

/** The two clocks of the simulator: wall time for stamps, monotonic time for the pace of frames. */
export interface SimulatorClock {
  /** Unix milliseconds. */
  readonly wallMillis: () => number
  /** Milliseconds since any fixed instant; never steps. */
  readonly monotonicMillis: () => number
}

/** The clocks of this machine. */
export const systemClock: SimulatorClock = {
  wallMillis: () => Date.now(),
  monotonicMillis: () => performance.now(),
}
