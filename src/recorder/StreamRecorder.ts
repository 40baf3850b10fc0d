import { mkdirSync, statfsSync } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type { RecordingCodec } from "../config/Settings.ts"
import type { Camera } from "../domain/Camera.ts"
import type { SegmentSummary } from "../domain/Segment.ts"
import { repairLeftovers } from "./leftovers.ts"
import { LiveRun } from "./LiveRun.ts"
import { audioArrives } from "./probe.ts"
import { recordRun } from "./recordRun.ts"
import { type StopTimes, defaultStopTimes } from "./RunProcess.ts"
import type { RunEvent, RunHandle, RunRequest } from "./RunRequest.ts"
import type { RunReport } from "./segments/runReport.ts"
import { SegmentWatcher } from "./segments/SegmentWatcher.ts"

/** What all runs of a service share. */
export interface RecorderSettings {
  readonly ffmpegPath: string
  readonly ffprobePath: string
  readonly recordingDirectory: string
  readonly stateDirectory: string
  readonly recordingCodec: RecordingCodec
  readonly recordingBitrate: string
  readonly segmentDurationSeconds: number
  readonly stopTimes?: StopTimes
}

/** Below this much free space FFmpeg cannot write the next fragment of a usual camera. */
const fullBelowBytes = 1_048_576

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
    /** Once at start: ends and settles what an earlier life of the service left; answers what was settled. */
    readonly repairLeftovers: Effect.Effect<ReadonlyArray<SegmentSummary>>
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
      if (run?.runId === report.runId && report.newFragments > 0) {
        run.fragmentsWritten(report.newFragments, report.lastArrivalMonotonicMillis)
      }
    }
  })

  const environment = {
    settings,
    stopTimes: settings.stopTimes ?? defaultStopTimes,
    watcher,
    diskFull: Effect.sync(() => {
      const { bavail, bsize } = statfsSync(settings.recordingDirectory)
      return bavail * bsize < fullBelowBytes
    }),
    nowMillis: () => clock.currentTimeMillisUnsafe(),
  }

  const start = (request: RunRequest, listener: (event: RunEvent) => void): RunHandle => {
    const previous = runs.get(request.camera.id)
    if (previous?.canServe(request) === true) return previous.takeOver(listener)
    previous?.handle.stop("reconfigured")
    const run = new LiveRun(request, listener)
    runs.set(request.camera.id, run)
    fork(
      (previous === undefined ? Effect.void : previous.ended).pipe(
        Effect.andThen(Effect.yieldNow),
        Effect.andThen(recordRun(run, environment)),
        Effect.map((failure) => {
          if (runs.get(request.camera.id) === run) runs.delete(request.camera.id)
          run.exited(failure)
        }),
      ),
    )
    return run.handle
  }

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
    repairLeftovers: repairLeftovers({ ...settings, stopTimes: environment.stopTimes, watcher }),
    onReport: (listener) => listeners.push(listener),
    audioArrives: ({ url, transport }: Camera) =>
      audioArrives({ ffprobePath: settings.ffprobePath, url, transport }),
    pids: () =>
      new Map([...runs].flatMap(([cameraId, { pid }]) => (pid === null ? [] : [[cameraId, pid] as const]))),
  })
})
