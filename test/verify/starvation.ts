import { waitedSeconds } from "./processCost.ts"

/**
 * For how long each of these processes waits for a processor within the next second, by pid.
 *
 * On a busy machine FFmpeg is behind its camera by as much: that is lost with it, and says nothing about Vigia.
 */
export const starvation = async (
  processes: ReadonlyArray<{ readonly pid: number }>,
): Promise<ReadonlyMap<number, number>> => {
  const before = processes.map(({ pid }) => waitedSeconds(pid))
  await new Promise((passed) => setTimeout(passed, 1000))
  return new Map(processes.map(({ pid }, at) => [pid, waitedSeconds(pid) - (before[at] ?? 0)]))
}
