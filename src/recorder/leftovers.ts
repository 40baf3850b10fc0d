import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { SegmentSummary } from "../domain/Segment.ts"
import type { StopTimes } from "./RunProcess.ts"
import { type RunRecord, isAlive, readRunRecords, removeRunRecord } from "./runRecord.ts"
import { removeStaleLogs } from "./RunLog.ts"
import { findUnsettledRuns } from "./segments/repairRun.ts"
import type { SegmentWatcher } from "./segments/SegmentWatcher.ts"

interface Leftovers {
  readonly recordingDirectory: string
  readonly stateDirectory: string
  readonly stopTimes: StopTimes
  readonly watcher: SegmentWatcher
}

const signal = (record: RunRecord, name: NodeJS.Signals): Effect.Effect<void> =>
  Effect.sync(() => {
    if (isAlive(record)) process.kill(record.pid, name)
  })

const gone = (record: RunRecord): Effect.Effect<boolean> =>
  Effect.sync(() => isAlive(record)).pipe(
    Effect.repeat({ while: (alive) => alive, schedule: Schedule.spaced("50 millis") }),
    Effect.as(true),
  )

/** Ends a run of an earlier life; it would be the second of its camera otherwise. */
const endRun = Effect.fnUntraced(function* (record: RunRecord, { stopTimes, stateDirectory }: Leftovers) {
  if (isAlive(record)) {
    yield* Effect.logWarning("ending a run that an earlier life of the service left").pipe(
      Effect.annotateLogs({ camera_id: record.cameraId, pid: record.pid }),
    )
    const insist = signal(record, "SIGKILL").pipe(
      Effect.delay(stopTimes.killAfterMillis),
      Effect.andThen(Effect.never),
    )
    yield* signal(record, "SIGTERM").pipe(Effect.andThen(Effect.raceFirst(gone(record), insist)))
  }
  removeRunRecord(stateDirectory, record.runId)
})

/**
 * Clears up after a life of the service that had no time to: ends the runs that still live, publishes and settles
 * what they and dead runs left. Answers the segments that were settled; doing it twice changes nothing.
 */
export const repairLeftovers = Effect.fn("repairLeftovers")(function* (leftovers: Leftovers) {
  const { recordingDirectory, stateDirectory, watcher } = leftovers
  yield* Effect.forEach(readRunRecords(stateDirectory), (record) => endRun(record, leftovers), {
    concurrency: "unbounded",
    discard: true,
  })
  removeStaleLogs(stateDirectory)
  const reports = yield* Effect.forEach(findUnsettledRuns(recordingDirectory), (run) =>
    Effect.promise(() => watcher.repair(run)),
  )
  return reports.flatMap(({ segments }): ReadonlyArray<SegmentSummary> => segments)
})
