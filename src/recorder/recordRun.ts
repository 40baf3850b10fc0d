import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type { StreamProfile } from "../domain/Camera.ts"
import { type Failure, classifyFailure } from "./failure.ts"
import { ffmpegArguments, isTranscoded } from "./ffmpegArguments.ts"
import * as Redacted from "effect/Redacted"
import type { LiveRun } from "./LiveRun.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { probeStream } from "./probe.ts"
import { RunLog } from "./RunLog.ts"
import { RunProcess, type StopTimes } from "./RunProcess.ts"
import { processStartTicks, readHostIdentity, removeRunRecord, writeRunRecord } from "./runRecord.ts"
import type { RunRequest } from "./RunRequest.ts"
import type { SegmentWatcher } from "./segments/SegmentWatcher.ts"
import type { RecorderSettings } from "./StreamRecorder.ts"

/** What a run needs of the recorder it belongs to. */
export interface RunEnvironment {
  readonly settings: RecorderSettings
  readonly stopTimes: StopTimes
  readonly watcher: SegmentWatcher
  /** From the file system's own figures. */
  readonly diskFull: Effect.Effect<boolean>
  /** Wall time, for the record and the segments of the run. */
  readonly nowMillis: () => number
}

const ended = (cause: Failure["cause"], detail: string): Failure => ({
  cause,
  permanent: false,
  detail,
  remedy: "none",
})

/** The end that was asked for; null while nobody asked. An operator's stop has no cause of its own. */
const asRequested = (run: LiveRun): Failure | null => {
  if (run.stopReason === null) return null
  return run.stopReason === "disabled"
    ? ended("unknown", "stopped by the operator")
    : ended(run.stopReason, `ended by Vigia: ${run.stopReason}`)
}

/** Only audio that is transcoded can keep video from the disk: no other is left out, whatever was asked. */
const audioOf = ({ request }: LiveRun, { audioCodec }: StreamProfile): RunRequest["audio"] =>
  audioCodec !== null && isTranscoded(audioCodec) ? request.audio : "as_probed"

const spawnRecorder = Effect.fnUntraced(function* (
  run: LiveRun,
  profile: StreamProfile,
  log: RunLog,
  environment: RunEnvironment,
) {
  const { settings, watcher } = environment
  const { camera } = run.request
  const audio = audioOf(run, profile)
  const runDirectory = join(settings.recordingDirectory, `cam_${camera.id}`, ".runs", run.runId)
  yield* Effect.sync(() => mkdirSync(runDirectory, { recursive: true, mode: 0o750 }))
  const startedAtMillis = environment.nowMillis()
  const process = yield* RunProcess.start(
    settings.ffmpegPath,
    ffmpegArguments({
      url: Redacted.value(camera.url),
      transport: camera.transport,
      profile,
      audio,
      probing: run.request.probing,
      codec: settings.recordingCodec,
      bitrate: settings.recordingBitrate,
      segmentDurationSeconds: settings.segmentDurationSeconds,
      runDirectory,
    }),
    log.descriptor,
  )
  yield* Effect.sync(() => {
    writeRunRecord(settings.stateDirectory, {
      ...readHostIdentity(),
      runId: run.runId,
      cameraId: camera.id,
      pid: process.pid,
      processStartTicks: processStartTicks(process.pid) ?? "",
      startedAtMillis,
    })
    watcher.watch({
      runId: run.runId,
      cameraId: camera.id,
      recordingsDirectory: settings.recordingDirectory,
      runStartedAtMillis: startedAtMillis,
    })
    run.started(process.pid, audio)
  })
  return process
})

/** Never ends: a flood of warnings must not fill the disk. */
const keepSmall = (log: RunLog): Effect.Effect<never> =>
  Effect.sync(() => log.keepSmall()).pipe(Effect.delay("10 seconds"), Effect.forever)

/** From the start of FFmpeg until its files are settled; the log is gone afterwards, its tail is returned. */
const recordUntilEnd = Effect.fnUntraced(function* (
  run: LiveRun,
  profile: StreamProfile,
  environment: RunEnvironment,
) {
  const { stateDirectory } = environment.settings
  const log = new RunLog(join(stateDirectory, "runs", `${run.runId}.log`))
  return yield* Effect.gen(function* () {
    const process = yield* spawnRecorder(run, profile, log, environment)
    const exit = yield* Effect.raceFirst(
      process.exited,
      run.stopRequested.pipe(Effect.andThen(process.stop(environment.stopTimes))),
    ).pipe(Effect.raceFirst(keepSmall(log)))
    yield* Effect.promise(() => environment.watcher.finish(run.runId))
    return { ...exit, log: log.tail() }
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        log.remove()
        removeRunRecord(stateDirectory, run.runId)
      }),
    ),
  )
})

const profileOf = Effect.fnUntraced(function* (run: LiveRun, environment: RunEnvironment) {
  const { camera, probeAgain } = run.request
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
  function* (run: LiveRun, environment: RunEnvironment) {
    const refused = asRequested(run) ?? (yield* run.request.prepare)
    if (refused !== null) return refused
    const probed = yield* Effect.raceFirst(
      profileOf(run, environment),
      run.stopRequested.pipe(Effect.as(null)),
    )
    if (probed === null) return asRequested(run) ?? ended("unknown", "stopped while probing")
    const startedAtMillis = monotonicMillis()
    const end = yield* recordUntilEnd(run, probed.profile, environment)
    return (
      asRequested(run) ??
      classifyFailure({
        ...end,
        livedMillis: monotonicMillis() - startedAtMillis,
        fragments: run.fragments,
        freshProfile: probed.fresh,
        diskFull: yield* environment.diskFull,
      })
    )
  },
  Effect.catchTags({
    ProbeFailed: ({ cause, permanent, detail }) =>
      Effect.succeed<Failure>({ cause, permanent, detail, remedy: "none" }),
    SpawnFailed: ({ program, reason }) =>
      Effect.succeed(ended("process_crashed", `${program} does not start: ${reason}`)),
  }),
  Effect.catchDefect((defect) => Effect.succeed(ended("unknown", `the recorder failed: ${String(defect)}`))),
)
