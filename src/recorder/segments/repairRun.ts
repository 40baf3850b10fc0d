import { join } from "node:path"
import { namesIn } from "./namesIn.ts"
import type { PublishFileSystem } from "./publishSegment.ts"
import { ReadBuffer } from "./ReadBuffer.ts"
import type { RunReport } from "./runReport.ts"
import { RunWatcher } from "./RunWatcher.ts"
import type { WatchClock } from "./SteadyClock.ts"

/** A run directory that holds segments nobody settled. */
export interface UnsettledRun {
  readonly runId: string
  readonly cameraId: number
  readonly recordingsDirectory: string
  /** The log of the run, where it is still there. */
  readonly endedLogPath?: string
}

/**
 * Publishes and settles what a run left behind whose end nobody watched.
 *
 * FFmpeg must be gone. Repairing twice changes nothing. The report holds every segment that was
 * settled, and the failure if the file system refused something.
 */
export const repairRun = (
  run: UnsettledRun,
  clock: WatchClock,
  buffer = new ReadBuffer(),
  publish?: PublishFileSystem,
): RunReport =>
  new RunWatcher({ ...run, runStartedAtMillis: null }, clock, buffer, {
    isRepair: true,
    ...(publish === undefined ? {} : { publish }),
  }).finish()

/** Lists the run directories under a recordings directory, of living runs too. Throws what readdir(3) refuses. */
export const findUnsettledRuns = (recordingsDirectory: string): ReadonlyArray<UnsettledRun> => {
  const runs: Array<UnsettledRun> = []
  for (const name of namesIn(recordingsDirectory)) {
    const camera = /^cam_([1-9]\d*)$/.exec(name)
    if (camera === null) continue
    for (const runId of namesIn(join(recordingsDirectory, name, ".runs"))) {
      runs.push({ runId, cameraId: Number(camera[1]), recordingsDirectory })
    }
  }
  return runs
}
