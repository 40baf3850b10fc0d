import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { type Failure, classifyFailure, failure } from "./failure.ts"
import type { LiveRun } from "./LiveRun.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { RunEnvironment } from "./RunEnvironment.ts"
import type { RunLog } from "./RunLog.ts"
import type { RunProcess } from "./RunProcess.ts"
import { removeRunRecord } from "./runRecord.ts"
import type { StopTimes } from "./stopTimes.ts"
import { endsWithTrailer } from "./segments/trailer.ts"

/** The end that was asked for; null while nobody asked. An operator's stop has no cause of its own. */
export const asRequested = (run: LiveRun): Failure | null => {
  if (run.stopReason === null) return null
  return run.stopReason === "disabled"
    ? failure("unknown", "stopped by the operator")
    : {
        cause: run.stopReason,
        permanent: false,
        detail: `ended by Vigia: ${run.stopReason}`,
        remedy: run.stopReason === "disk_full" ? "wait_for_room" : "none",
      }
}

/** A process that nobody follows any more must not go on beside the next run of its camera. */
export const endingOnDefect =
  (process: RunProcess, stopTimes: StopTimes) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.onErrorIf(
      effect,
      (cause) => !Cause.hasInterruptsOnly(cause),
      () => process.stop(stopTimes),
    )

/** Never ends: a flood of warnings must not fill the disk. */
const keepSmall = (log: RunLog, run: LiveRun): Effect.Effect<never> =>
  Effect.suspend(() => log.keepSmall(run.readLogBytes)).pipe(Effect.delay("10 seconds"), Effect.forever)

/**
 * Follows a living run to its end, settles its files and says why it ended.
 *
 * Log and record go only once the process is gone: interrupted before, everything stays for another life of the
 * service to adopt.
 */
export const followRun = Effect.fnUntraced(function* (
  run: LiveRun,
  process: RunProcess,
  log: RunLog,
  isProfileFresh: boolean,
  environment: RunEnvironment,
) {
  const { recordingDirectory, stateDirectory } = environment.settings
  const sinceMillis = monotonicMillis()
  const exit = yield* Effect.raceFirst(
    process.exited,
    run.stopRequested.pipe(Effect.andThen(process.stop(environment.stopTimes))),
  ).pipe(Effect.raceFirst(keepSmall(log, run)), endingOnDefect(process, environment.stopTimes))
  const segments = yield* Effect.promise(() => environment.watcher.finish(run.runId))
  const text = log.tail()
  log.remove()
  removeRunRecord(stateDirectory, run.runId)
  const last = segments.at(-1)
  return (
    asRequested(run) ??
    classifyFailure({
      ...exit,
      hasTrailer: last === undefined ? null : endsWithTrailer(recordingDirectory, last.filePath),
      log: text,
      url: run.url,
      livedMillis: monotonicMillis() - sinceMillis,
      fragments: run.fragments,
      freshProfile: isProfileFresh,
      diskFull: yield* environment.diskFull,
    })
  )
})
