import type { SessionCounters } from "../../src/demo/simulator/counters.ts"
import type { RecordedFile } from "./recordedFile.ts"

/** What the files of one run lack of what the camera sent to it. */
export interface RecordedRun {
  /** Numbers absent between the first and the last frame of the run. */
  readonly lostFrames: number
  /** Frames sent after the last one on disk. */
  readonly tailFrames: number
}

/** Compares files, in the order of time, with the sessions that the camera counted; a run is one session. */
export const recordedRuns = (
  files: ReadonlyArray<RecordedFile>,
  sessions: ReadonlyArray<SessionCounters>,
): ReadonlyArray<RecordedRun> => {
  const bySession = Map.groupBy(files, (file) =>
    sessions.findLast(({ firstSequence }) => firstSequence !== null && firstSequence <= file.firstSequence),
  )
  return [...bySession].map(([session, own]) => {
    const firstSequence = Math.min(...own.map((file) => file.firstSequence))
    const lastSequence = Math.max(...own.map((file) => file.lastSequence))
    const frames = own.reduce((sum, { stampedFrames }) => sum + stampedFrames, 0)
    return {
      lostFrames: lastSequence - firstSequence + 1 - frames,
      tailFrames: (session?.lastSequence ?? Infinity) - lastSequence,
    }
  })
}
