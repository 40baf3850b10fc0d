import * as Effect from "effect/Effect"
import { findLivingRuns, isRecorded, type LivingRun } from "./livingRuns.ts"
import type { RunEnvironment } from "./RunEnvironment.ts"
import { removeStaleLogs, runLogPath } from "./RunLog.ts"
import { readRunRecord, recordedRunIds, removeRunRecord } from "./runRecord.ts"
import { findUnsettledRuns, type UnsettledRun } from "./segments/repairRun.ts"

/** Says of the directory of a camera that it is another camera's: nothing in it is touched. */
export type IsSetAside = (cameraId: number) => boolean

/** What an earlier life of the service left: at most one living run for each camera. */
export interface LeftRuns {
  readonly living: ReadonlyMap<number, LivingRun>
  /** Runs beside those: a camera has one run only, and none in the directory of another. */
  readonly surplus: ReadonlyArray<LivingRun>
}

/** Of two living runs of a camera the one that our records know; else the younger, which its service started last. */
const isBetter = (one: LivingRun, other: LivingRun, stateDirectory: string): boolean => {
  const isKnown = (run: LivingRun): boolean => isRecorded(run, readRunRecord(stateDirectory, run.runId))
  if (isKnown(one) !== isKnown(other)) return isKnown(one)
  return Number(one.processStartTicks) > Number(other.processStartTicks)
}

/** Finds the living runs of all cameras, and which of them are too many. */
export const findLeftRuns = (
  recordingDirectory: string,
  stateDirectory: string,
  isSetAside: IsSetAside,
): LeftRuns => {
  const living = new Map<number, LivingRun>()
  const surplus: Array<LivingRun> = []
  for (const run of findLivingRuns(recordingDirectory)) {
    const other = living.get(run.cameraId)
    if (isSetAside(run.cameraId)) surplus.push(run)
    else if (other === undefined || isBetter(run, other, stateDirectory)) {
      living.set(run.cameraId, run)
      if (other !== undefined) surplus.push(other)
    } else {
      surplus.push(run)
    }
  }
  return { living, surplus }
}

/**
 * Clears up after the runs that live no more: settles their files, and removes their records and logs.
 *
 * The watcher reports what it settles. Doing it twice changes nothing.
 */
export const repairDeadRuns = Effect.fn("repairDeadRuns")(function* (
  livingRunIds: ReadonlySet<string>,
  isSetAside: IsSetAside,
  { settings, watcher }: RunEnvironment,
) {
  const { recordingDirectory, stateDirectory } = settings
  for (const runId of recordedRunIds(stateDirectory)) {
    if (!livingRunIds.has(runId)) removeRunRecord(stateDirectory, runId)
  }
  const dead = findUnsettledRuns(recordingDirectory).filter(
    ({ runId, cameraId }) => !livingRunIds.has(runId) && !isSetAside(cameraId),
  )
  const withLog = (run: UnsettledRun): UnsettledRun => ({
    ...run,
    endedLogPath: runLogPath(stateDirectory, run.runId),
  })
  yield* Effect.forEach(dead, (run) => Effect.promise(() => watcher.repair(withLog(run))), {
    concurrency: "unbounded",
    discard: true,
  })
  removeStaleLogs(stateDirectory, livingRunIds)
})
