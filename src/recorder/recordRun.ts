import { mkdirSync } from "node:fs"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { StreamProfile } from "../domain/Camera.ts"
import { type Failure, failure } from "./failure.ts"
import { ffmpegArguments, isTranscoded } from "./ffmpegArguments.ts"
import { asRequested, endingOnDefect, followRun } from "./followRun.ts"
import type { LiveRun } from "./LiveRun.ts"
import { noteRun } from "./noteRun.ts"
import { probeStream } from "./probe.ts"
import { readHostIdentity } from "./processes.ts"
import { readRunCommand } from "./runCommand.ts"
import type { RunEnvironment } from "./RunEnvironment.ts"
import { RunLog, runLogPath } from "./RunLog.ts"
import { startProcess } from "./RunProcess.ts"
import { hashArguments } from "./runRecord.ts"
import type { AudioChoice, RunRequest } from "./RunRequest.ts"
import { errorCode } from "../domain/errorCode.ts"
import { runDirectoryOf } from "./segments/runFiles.ts"

/** Only audio that is transcoded can keep video from the disk: no other is left out, whatever was asked. */
const audioOf = ({ audio }: RunRequest, { audioCodec }: StreamProfile): AudioChoice =>
  audioCodec !== null && isTranscoded(audioCodec) ? audio : "as_probed"

const spawnRecorder = Effect.fnUntraced(function* (
  run: LiveRun,
  request: RunRequest,
  profile: StreamProfile,
  log: RunLog,
  environment: RunEnvironment,
) {
  const { settings, watcher } = environment
  const { camera } = request
  const audio = audioOf(request, profile)
  const directory = runDirectoryOf(settings.recordingDirectory, camera.id, run.runId)
  const commandArguments = ffmpegArguments({
    url: Redacted.value(camera.url),
    transport: camera.transport,
    profile,
    audio,
    probing: request.probing,
    codec: settings.recordingCodec,
    bitrate: settings.recordingBitrate,
    segmentDurationSeconds: settings.segmentDurationSeconds,
    runDirectory: directory,
  })
  mkdirSync(directory, { recursive: true, mode: 0o750 })
  const startedAtMillis = environment.nowMillis()
  const process = yield* startProcess(settings.ffmpegPath, commandArguments, log.descriptor)
  const orEnd = endingOnDefect(process, environment.stopTimes)
  yield* Effect.suspend(() =>
    noteRun(settings.stateDirectory, {
      ...readHostIdentity(),
      runId: run.runId,
      cameraId: camera.id,
      pid: process.pid,
      processStartTicks: process.processStartTicks,
      directory,
      startedAtMillis,
      argumentsHash: hashArguments(commandArguments),
    }),
  ).pipe(orEnd)
  yield* Effect.sync(() => {
    watcher.watch({
      runId: run.runId,
      cameraId: camera.id,
      recordingsDirectory: settings.recordingDirectory,
      runStartedAtMillis: startedAtMillis,
      ...(camera.transport === "udp" ? { lossLogPath: log.path } : {}),
    })
    run.started(process.pid, readRunCommand(commandArguments), audio)
  }).pipe(orEnd)
  return process
})

const profileOf = Effect.fnUntraced(function* (
  run: LiveRun,
  { camera, probeAgain }: RunRequest,
  environment: RunEnvironment,
) {
  if (camera.profile !== null && !probeAgain) return { profile: camera.profile, fresh: false }
  const profile = yield* probeStream({
    ffprobePath: environment.settings.ffprobePath,
    url: camera.url,
    transport: camera.transport,
  })
  run.tell({ type: "profile.probed", profile })
  return { profile, fresh: true }
})

/**
 * Does the whole work of one run: probe if need be, FFmpeg, following its files, and saying why it ended.
 *
 * Succeeds with the failure that ended it, also when the end was asked for.
 */
export const recordRun = Effect.fnUntraced(
  function* (run: LiveRun, request: RunRequest, environment: RunEnvironment) {
    const refused = asRequested(run) ?? (yield* request.prepare)
    if (refused !== null) return refused
    const probed = yield* Effect.raceFirst(
      profileOf(run, request, environment),
      run.stopRequested.pipe(Effect.as(null)),
    )
    if (probed === null) return asRequested(run) ?? failure("unknown", "stopped while probing")
    const log = RunLog.create(runLogPath(environment.settings.stateDirectory, run.runId))
    const process = yield* spawnRecorder(run, request, probed.profile, log, environment).pipe(
      // Interrupted, the process may live: another life of the service wants its log.
      Effect.onErrorIf(
        (cause) => !Cause.hasInterruptsOnly(cause),
        () => Effect.sync(() => log.remove()),
      ),
    )
    return yield* followRun(run, process, log, probed.fresh, environment)
  },
  Effect.catchTags({
    ProbeFailed: ({ cause, permanent, detail }) =>
      Effect.succeed<Failure>({ cause, permanent, detail, remedy: "none" }),
    SpawnFailed: ({ program, reason }) =>
      Effect.succeed(failure("process_crashed", `${program} does not start: ${reason}`)),
  }),
  Effect.catchDefect((defect) =>
    Effect.succeed(
      errorCode(defect) === "ENOSPC"
        ? failure("disk_full", "no room for the files of a run")
        : failure("unknown", `the recorder failed: ${String(defect)}`),
    ),
  ),
)
