/** The pause after so many tries in vain, from 1: doubled with each, up to the longest. */
export const growingPauseMillis = (times: number, firstMillis: number, longestMillis: number): number =>
  Math.min(longestMillis, firstMillis * 2 ** (times - 1))
