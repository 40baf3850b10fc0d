/** How long each step of ending a process waits before the next. */
export interface StopTimes {
  readonly secondTermAfterMillis: number
  readonly killAfterMillis: number
}

/**
 * TERM ends FFmpeg in about 10 ms, or within its socket timeout while it waits for a stalled camera.
 *
 * A second TERM interrupts its writes too: the fragment it still held was lost (26 frames, measured). So that one
 * comes only when the first had longer than the socket timeout, and KILL last.
 */
export const defaultStopTimes: StopTimes = { secondTermAfterMillis: 4_500, killAfterMillis: 6_000 }
