import { mkdirSync, statfsSync } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type { Camera } from "../domain/Camera.ts"
import { adoptRun } from "./adoptRun.ts"
import { endProcess } from "./endProcess.ts"
import type { Failure } from "./failure.ts"
import { findLeftRuns, type IsSetAside, repairDeadRuns } from "./leftRuns.ts"
import { LiveRun } from "./LiveRun.ts"
import type { LivingRun } from "./livingRuns.ts"
import { audioArrives } from "./probe.ts"
import { recordRun } from "./recordRun.ts"
import type { RecorderSettings, RunEnvironment } from "./RunEnvironment.ts"
import type { RunEvent, RunHandle, RunRequest, StopReason } from "./RunRequest.ts"
import type { RunReport } from "./segments/runReport.ts"
import { SegmentWatcher } from "./segments/SegmentWatcher.ts"
import { defaultStopTimes } from "./stopTimes.ts"

/** Below this much free space FFmpeg cannot write the next fragment of a usual camera. */
const fullBelowBytes = 1_048_576
/** A run begins with a directory, a file and its index; the next file comes with another index. */
const fullBelowFiles = 3

/**
 * Owns the runs: starts FFmpeg, follows what it leaves on disk, ends it, and says why it ended.
 *
 * At most one run per camera: a request for a camera whose run still lives takes that run over when it was
 * abandoned and records the same; otherwise it ends that run and waits until it is gone.
 */
export class StreamRecorder extends Context.Service<
  StreamRecorder,
  {
    /** Starts recording; what happens to the run is told to `listener`, never before this returns. */
    readonly start: (request: RunRequest, listener: (event: RunEvent) => void) => RunHandle
    /** Everything the watcher sees of all runs, told before the run's own listener hears of it. */
    readonly onReport: (listener: (reports: ReadonlyArray<RunReport>) => void) => void
    /** Whether the camera really sends audio now; looks beside a running recording. */
    readonly audioArrives: (camera: Camera) => Effect.Effect<boolean>
    /**
     * Once at start: adopts the living runs that an earlier life of the service left, settles the dead ones.
     *
     * `wanted` holds the cameras that are to be recorded. A living run that records something else than is wanted now,
     * or is one too many, is ended in order; answers the cameras whose run was ended though they are wanted. What is on
     * disk was told to `onReport` before. In a directory that is set aside no run is adopted, and no file settled.
     */
    readonly takeUpRuns: (
      wanted: ReadonlyMap<number, Camera>,
      isSetAside: IsSetAside,
    ) => Effect.Effect<ReadonlyArray<number>>
    /** Asks every run to end, also one that waits for its camera; `run.exited` follows for each. */
    readonly endAll: (reason: StopReason) => Effect.Effect<void>
    /** Process ids of the runs that live now, by camera. */
    readonly pids: () => ReadonlyMap<number, number>
  }
>()("vigia/recorder/StreamRecorder") {
  static readonly layer = (settings: RecorderSettings): Layer.Layer<StreamRecorder> =>
    Layer.effect(StreamRecorder, makeStreamRecorder(settings))
}

const logWatchFailure = ({ cameraId, failure }: RunReport): Effect.Effect<void> =>
  Effect.logError(`the file system refuses ${failure?.path}: ${failure?.code}`).pipe(
    Effect.annotateLogs("camera_id", cameraId),
  )

const makeStreamRecorder = Effect.fnUntraced(function* (settings: RecorderSettings) {
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const runs = new Map<number, LiveRun>()
  const listeners: Array<(reports: ReadonlyArray<RunReport>) => void> = []
  mkdirSync(join(settings.stateDirectory, "runs"), { recursive: true, mode: 0o700 })

  const watcher = yield* Effect.acquireRelease(
    Effect.sync(() => new SegmentWatcher()),
    (open) => Effect.promise(() => open.close()),
  )
  watcher.onFailure((error) =>
    fork(Effect.logError(`the segment watcher failed and is replaced: ${error.message}`)),
  )
  watcher.onReport((reports) => {
    for (const listener of listeners) listener(reports)
    for (const report of reports) {
      if (report.failure !== undefined) fork(logWatchFailure(report))
      const run = runs.get(report.cameraId)
      if (run?.runId !== report.runId) continue
      run.readLogBytes = report.readLogBytes
      if (report.newFragments > 0) {
        run.fragmentsWritten(report.newFragments, report.lastArrivalMonotonicMillis)
      }
    }
  })

  const environment: RunEnvironment = {
    settings,
    stopTimes: settings.stopTimes ?? defaultStopTimes,
    watcher,
    diskFull: Effect.sync(() => {
      const { bavail, bsize, files, ffree } = statfsSync(settings.recordingDirectory)
      return bavail * bsize < fullBelowBytes || (files > 0 && ffree < fullBelowFiles)
    }),
    nowMillis: () => clock.currentTimeMillisUnsafe(),
  }

  /** Does the work of a run in the background, and tells its end. */
  const begin = (run: LiveRun, work: Effect.Effect<Failure>): void => {
    runs.set(run.cameraId, run)
    fork(
      Effect.map(work, (failure) => {
        if (runs.get(run.cameraId) === run) runs.delete(run.cameraId)
        run.exited(failure)
      }),
    )
  }

  const start = (request: RunRequest, listener: (event: RunEvent) => void): RunHandle => {
    const { camera, probeAgain } = request
    const previous = runs.get(camera.id)
    if (!probeAgain && previous?.canServe(camera, settings) === true) return previous.takeOver(listener)
    previous?.handle.stop("reconfigured")
    const run = new LiveRun(camera.id, crypto.randomUUID(), listener)
    begin(
      run,
      (previous === undefined ? Effect.void : previous.ended).pipe(
        Effect.andThen(Effect.yieldNow),
        Effect.andThen(recordRun(run, request, environment)),
      ),
    )
    return run.handle
  }

  /** Null when the run goes on; otherwise why it was ended, once it has. */
  const adopt = Effect.fnUntraced(function* (
    living: LivingRun,
    camera: Camera | null,
  ): Effect.fn.Return<StopReason | null> {
    const run = new LiveRun(living.cameraId, living.runId, null)
    const takenUp = yield* Deferred.make<void>()
    begin(
      run,
      adoptRun(run, living, camera, environment, () => Deferred.doneUnsafe(takenUp, Effect.void)),
    )
    yield* Effect.raceFirst(Deferred.await(takenUp), run.ended)
    if (camera !== null && run.canServe(camera, settings)) return null
    const reason = camera === null ? "disabled" : "reconfigured"
    run.handle.stop(reason)
    yield* run.ended
    return reason
  })

  const takeUpRuns = Effect.fn("StreamRecorder.takeUpRuns")(function* (
    wanted: ReadonlyMap<number, Camera>,
    isSetAside: IsSetAside,
  ) {
    const { recordingDirectory, stateDirectory } = settings
    const { living, surplus } = findLeftRuns(recordingDirectory, stateDirectory, isSetAside)
    const livingRunIds = new Set([...living.values()].map(({ runId }) => runId))
    yield* Effect.forEach(
      surplus,
      (run) =>
        Effect.logWarning(
          isSetAside(run.cameraId)
            ? "ending a run in the directory of another camera"
            : "ending a second run of one camera",
        ).pipe(
          Effect.annotateLogs({ camera_id: run.cameraId, pid: run.pid, run_id: run.runId }),
          Effect.andThen(endProcess(run, environment.stopTimes)),
        ),
      { concurrency: "unbounded", discard: true },
    )
    yield* repairDeadRuns(livingRunIds, isSetAside, environment)
    const reasons = yield* Effect.forEach(
      living.values(),
      (run) =>
        Effect.map(adopt(run, wanted.get(run.cameraId) ?? null), (reason) => ({
          cameraId: run.cameraId,
          reason,
        })),
      { concurrency: "unbounded" },
    )
    return reasons.filter(({ reason }) => reason === "reconfigured").map(({ cameraId }) => cameraId)
  })

  // No run outlives a clean stop of the service.
  yield* Effect.addFinalizer(() =>
    Effect.forEach(
      [...runs.values()],
      (run) => Effect.sync(() => run.handle.stop("service_down")).pipe(Effect.andThen(run.ended)),
      { concurrency: "unbounded" },
    ).pipe(Effect.timeoutOption("8 seconds")),
  )

  return StreamRecorder.of({
    start,
    takeUpRuns,
    onReport: (listener) => listeners.push(listener),
    audioArrives: ({ url, transport }: Camera) =>
      audioArrives({ ffprobePath: settings.ffprobePath, url, transport }),
    endAll: (reason) =>
      Effect.sync(() => {
        for (const { handle } of runs.values()) handle.stop(reason)
      }),
    pids: () =>
      new Map([...runs].flatMap(([cameraId, { pid }]) => (pid === null ? [] : [[cameraId, pid] as const]))),
  })
})
