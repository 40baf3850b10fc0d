import * as Effect from "effect/Effect"
import type { Camera } from "../domain/Camera.ts"
import { failure } from "./failure.ts"
import { endingOnDefect, followRun } from "./followRun.ts"
import type { LiveRun } from "./LiveRun.ts"
import { isRecorded, type LivingRun } from "./livingRuns.ts"
import { noteRun } from "./noteRun.ts"
import { readHostIdentity } from "./processes.ts"
import { readRunCommand } from "./runCommand.ts"
import type { RunEnvironment } from "./RunEnvironment.ts"
import { RunLog, runLogPath } from "./RunLog.ts"
import { adoptProcess } from "./RunProcess.ts"
import { hashArguments, readRunRecord } from "./runRecord.ts"

/** Writes the record of a living run anew where it was lost, cut, or speaks of another process; answers its start. */
const startOf = Effect.fnUntraced(function* (living: LivingRun, stateDirectory: string) {
  const known = readRunRecord(stateDirectory, living.runId)
  if (isRecorded(living, known)) return known.startedAtMillis
  yield* noteRun(stateDirectory, {
    ...readHostIdentity(),
    runId: living.runId,
    cameraId: living.cameraId,
    pid: living.pid,
    processStartTicks: living.processStartTicks,
    directory: living.directory,
    startedAtMillis: null,
    argumentsHash: hashArguments(living.arguments),
  })
  return null
})

/**
 * Takes over a run that an earlier life of the service left recording, without touching it, and follows it to its end.
 *
 * `camera` is null where nobody knows it any more. Succeeds with the failure that ended the run. What is on disk is told
 * before this waits for anything else: `onTakenUp` comes after the reports of it.
 */
export const adoptRun = Effect.fnUntraced(
  function* (
    run: LiveRun,
    living: LivingRun,
    camera: Camera | null,
    environment: RunEnvironment,
    onTakenUp: () => void,
  ) {
    const { recordingDirectory, stateDirectory } = environment.settings
    const process = adoptProcess(living)
    const command = readRunCommand(living.arguments)
    const isAudioLeftOut = !command.hasAudio && (camera?.profile?.audioCodec ?? null) !== null
    run.started(living.pid, command, isAudioLeftOut ? "off" : "as_probed")
    yield* Effect.logInfo("adopted a run that an earlier life of the service left recording").pipe(
      Effect.annotateLogs({ camera_id: living.cameraId, pid: living.pid, run_id: living.runId }),
    )
    return yield* Effect.gen(function* () {
      const runStartedAtMillis = yield* startOf(living, stateDirectory)
      const { runId, cameraId } = living
      yield* Effect.promise(() =>
        environment.watcher.takeUp({
          runId,
          cameraId,
          recordingsDirectory: recordingDirectory,
          runStartedAtMillis,
          ...(command.transport === "udp" ? { lossLogPath: runLogPath(stateDirectory, runId) } : {}),
        }),
      )
      onTakenUp()
      const log = RunLog.adopt(runLogPath(stateDirectory, runId))
      return yield* followRun(run, process, log, false, environment)
    }).pipe(endingOnDefect(process, environment.stopTimes))
  },
  Effect.catchDefect((defect) =>
    Effect.succeed(failure("unknown", `the recorder failed: ${String(defect)}`)),
  ),
)
