import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type { Cron } from "effect/Cron"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DiskPressure } from "../cleanup/DiskPressure.ts"
import { ClipExports } from "../clips/ClipExports.ts"
import { Delivery } from "../delivery/Delivery.ts"
import type { HealthReport, ServiceHealth } from "../domain/Health.ts"
import { monotonicMillis } from "../recorder/monotonicMillis.ts"
import { StreamRecorder } from "../recorder/StreamRecorder.ts"
import { Catalog } from "../storage/Catalog.ts"
import { CleanupPasses } from "../storage/CleanupPasses.ts"
import { DatabasePing } from "../storage/DatabasePing.ts"
import { Durability } from "../storage/durability/Durability.ts"
import { Supervision } from "../supervision/Supervision.ts"
import { cameraHealth } from "./cameraHealth.ts"
import { CameraOutages } from "./CameraOutages.ts"
import { makeCameraWindows } from "./CameraWindows.ts"
import { makeCleanupWatch } from "./CleanupWatch.ts"
import { makeDatabaseWatch } from "./DatabaseWatch.ts"
import { diskHealth } from "./diskHealth.ts"
import { EventLoopDelay } from "./EventLoopDelay.ts"
import { FragmentRates } from "./FragmentRates.ts"
import { readKernelUnits } from "./kernelUnits.ts"
import { ProcessCosts } from "./ProcessCosts.ts"
import { readProcess } from "./processReading.ts"
import { dated, standings } from "./targets.ts"

export interface HealthMonitorOptions {
  readonly sampleIntervalMillis: number
  /** When cleanups are due. */
  readonly cleanupSchedule: Cron
}

/**
 * Measures every camera and the service, from what is on disk and from the kernel.
 *
 * What can be known from memory and `/proc` is sampled every few seconds; what the database has to be asked for is
 * asked beside that, now and then, and stays as it was while the database is away.
 */
export class HealthMonitor extends Context.Service<
  HealthMonitor,
  {
    /** The last sample, from memory: also while the database is away. */
    readonly current: Effect.Effect<HealthReport>
    /** Completes when there is another sample than this. */
    readonly newerThan: (report: HealthReport) => Effect.Effect<void>
    /** Told after each sample, in its turn of the event loop. */
    readonly onReport: (listener: (report: HealthReport) => void) => void
  }
>()("vigia/health/HealthMonitor") {
  static readonly layerNoDeps = (options: HealthMonitorOptions) =>
    Layer.effect(HealthMonitor, makeHealthMonitor(options))

  static readonly layer = (options: HealthMonitorOptions) =>
    this.layerNoDeps(options).pipe(Layer.provide([CleanupPasses.layer, DatabasePing.layer]))
}

const makeHealthMonitor = Effect.fnUntraced(function* (options: HealthMonitorOptions) {
  const recorder = yield* StreamRecorder
  const supervision = yield* Supervision
  const catalog = yield* Catalog
  const durability = yield* Durability
  const pressure = yield* DiskPressure
  const exports = yield* ClipExports
  const delivery = yield* Delivery
  const startedAtMillis = yield* Clock.currentTimeMillis
  const units = readKernelUnits()
  const read = (pid: number) => readProcess(pid, units)
  const rates = new FragmentRates()
  const recorderCosts = new ProcessCosts<number>(read, (cameraId) => rates.grownBytes(cameraId))
  const ownCost = new ProcessCosts<"service">(read)
  const outages = new CameraOutages(startedAtMillis)
  const windows = yield* makeCameraWindows()
  const database = yield* makeDatabaseWatch()
  const cleanup = yield* makeCleanupWatch(options.cleanupSchedule)
  const eventLoop = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const delay = new EventLoopDelay()
      delay.start()
      return delay
    }),
    (delay) => Effect.sync(() => delay.stop()),
  )
  const listeners: Array<(report: HealthReport) => void> = []

  recorder.onReport((reports) => rates.noted(reports))
  supervision.onFact((fact) => outages.noted(fact))

  const service = Effect.fnUntraced(function* (nowMonotonicMillis: number) {
    const own = ownCost.of("service")
    const recordedIds = [...recorder.pids().keys()]
    const delay = eventLoop.sample(nowMonotonicMillis)
    const health: ServiceHealth = {
      startedAtMillis,
      disk: diskHealth(yield* pressure.reading, pressure.limits, durability.health(), [
        own,
        ...recordedIds.map((cameraId) => recorderCosts.of(cameraId)),
      ]),
      eventLoop: {
        delaySeconds: delay?.delaySeconds ?? null,
        greatestDelaySeconds: delay?.greatestSeconds ?? null,
      },
      queues: {
        rows: (yield* catalog.health).pendingRows,
        clips: yield* exports.pending,
        notifications: yield* delivery.pending,
      },
      database: yield* database.health,
      cleanup: cleanup.health(),
      cpuPercent: own?.cpuPercent ?? null,
      residentBytes: own?.residentBytes ?? null,
    }
    return health
  })

  const sampled = Effect.fnUntraced(function* (before: HealthReport["targets"]) {
    const nowMonotonicMillis = monotonicMillis()
    const measuredAtMillis = yield* Clock.currentTimeMillis
    recorderCosts.sample(recorder.pids(), nowMonotonicMillis)
    ownCost.sample(new Map([["service", process.pid]]), nowMonotonicMillis)
    const known = supervision.cameras()
    const ids = new Set(known.map(({ id }) => id))
    rates.keepOnly(ids)
    outages.keepOnly(ids)
    for (const id of ids) outages.looked(id, yield* catalog.outages(id))
    const cameras = yield* Effect.forEach(known, (camera) =>
      Effect.map(supervision.state(camera.id), (state) =>
        cameraHealth(
          camera,
          {
            state,
            lastArrivalMillis: rates.lastArrivalMillis(camera.id),
            rate: rates.rate(camera.id, nowMonotonicMillis),
            cost: recorderCosts.of(camera.id),
            failures: outages.of(camera.id),
            lastWindows: windows.of(camera.id),
          },
          nowMonotonicMillis,
          measuredAtMillis,
        ),
      ),
    )
    const own = yield* service(nowMonotonicMillis)
    const report: HealthReport = {
      measuredAtMillis,
      targets: dated(standings(own, cameras), before, measuredAtMillis),
      service: own,
      cameras,
    }
    return report
  })

  let report = yield* sampled([])
  let sampledNext = Deferred.makeUnsafe<void>()

  const sample = Effect.gen(function* () {
    report = yield* sampled(report.targets)
    for (const listener of listeners) listener(report)
    Deferred.doneUnsafe(sampledNext, Effect.void)
    sampledNext = Deferred.makeUnsafe<void>()
  })

  /** The next look comes whatever became of this one. */
  const regularly = (what: string, millis: number, look: Effect.Effect<void, { readonly message: string }>) =>
    look.pipe(
      // The catalog says in the log that the database is away.
      Effect.catch((error) => Effect.logDebug(`${what}: ${error.message}`)),
      Effect.catchDefect((defect) => Effect.logError(`${what} failed`, defect)),
      Effect.andThen(Effect.sleep(millis)),
      Effect.forever,
      Effect.forkScoped,
    )
  const { sampleIntervalMillis } = options
  yield* regularly("measuring health", sampleIntervalMillis, sample)
  yield* regularly("asking the database", sampleIntervalMillis, database.ping)
  yield* regularly(
    "measuring windows",
    sampleIntervalMillis,
    Effect.suspend(() => windows.refresh(supervision.cameras())),
  )
  yield* regularly("looking at cleanups", cleanupLookMillis, cleanup.look)

  return HealthMonitor.of({
    current: Effect.sync(() => report),
    newerThan: (known) =>
      Effect.suspend(() => (report === known ? Deferred.await(sampledNext) : Effect.void)),
    onReport: (listener) => listeners.push(listener),
  })
})

const cleanupLookMillis = 60_000
