import { monotonicMillis } from "../monotonicMillis.ts"
import type { WatchClock } from "./SteadyClock.ts"

/** This machine's clocks; `offsetMillis` shifts the wall clock and the times of files as a step of the clock would. */
export const systemWatchClock = (offsetMillis: () => number = () => 0): WatchClock => ({
  wallMillis: () => Date.now() + offsetMillis(),
  monotonicMillis,
  fileMillis: (mtimeMillis) => mtimeMillis + offsetMillis(),
})
