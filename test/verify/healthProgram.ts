import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { DiskPressure, type DiskReading } from "../../src/cleanup/DiskPressure.ts"
import { ClipExports } from "../../src/clips/ClipExports.ts"
import { schedule } from "../../src/config/schedule.ts"
import { Delivery } from "../../src/delivery/Delivery.ts"
import { EventLoopDelay } from "../../src/health/EventLoopDelay.ts"
import { HealthMonitor } from "../../src/health/HealthMonitor.ts"
import { monotonicMillis } from "../../src/recorder/monotonicMillis.ts"
import type { RunReport } from "../../src/recorder/segments/runReport.ts"
import { StreamRecorder } from "../../src/recorder/StreamRecorder.ts"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { Durability, type DurabilityHealth } from "../../src/storage/durability/Durability.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import { Supervision } from "../../src/supervision/Supervision.ts"
import { summary } from "../storage/accounting/summaries.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { HealthCostOrder } from "./healthCostOrder.ts"
import { insertRecordedDays } from "./recordedDays.ts"

/**
 * A process with nothing but the health monitor, on a real database and real FFmpeg processes; its clock runs fast.
 *
 * Answers what it costs, by the kernel, per second of that clock, beside what the process costs without it.
 */
const order = Schema.decodeUnknownSync(HealthCostOrder)(JSON.parse(process.argv[2] ?? ""))
const { pids, factor, seconds, days, database } = order

const fastClock = Layer.effect(
  Clock.Clock,
  Effect.map(Clock.Clock, (real) => {
    const startedMillis = real.currentTimeMillisUnsafe()
    const now = () => Math.round(startedMillis + factor * (real.currentTimeMillisUnsafe() - startedMillis))
    return {
      monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: real.monotonicTimeNanos,
      sleep: (duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / factor)),
      currentTimeMillisUnsafe: now,
      currentTimeMillis: Effect.sync(now),
      currentTimeNanosUnsafe: () => BigInt(now()) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => BigInt(now()) * 1_000_000n),
    } satisfies Clock.Clock
  }),
)

const storage = Layer.mergeAll(Owners.layer, Cameras.layer, Catalog.layer()).pipe(
  Layer.provide(SecretBox.layer({ stateDirectory: order.stateDirectory })),
  Layer.provideMerge(databaseLayer({ kind: "server", ...database, password: Redacted.make("") })),
  Layer.provideMerge(fastClock),
)

const cameraIds = pids.map((_, at) => at + 1)

const fill = Effect.gen(function* () {
  const owner = yield* (yield* Owners).create({ name: "cost", plan: "premium" })
  const cameras = yield* Cameras
  for (const id of cameraIds) {
    yield* cameras.create({
      ownerId: owner.id,
      name: `camera ${id}`,
      url: Redacted.make("rtsp://127.0.0.1/x"),
      transport: "tcp",
      recordingEnabled: true,
    })
  }
  yield* insertRecordedDays(yield* SqlClient.SqlClient, {
    cameraIds,
    days,
    filesPerDay: 24,
    untilMillis: Date.now(),
  })
  return (yield* cameras.list).map((camera) => ({ ...camera, createdAtMillis: 0 }))
})

type Listener = (reports: ReadonlyArray<RunReport>) => void

const syncHealth: DurabilityHealth["growing"] = {
  isInFlight: false,
  lastMillis: 5,
  slowestMillis: 5,
  recentMillis: Array.from({ length: 12 }, () => 5),
  completed: 1,
  failed: 0,
  skipped: 0,
  pid: null,
}

const reading: DiskReading = {
  space: null,
  error: null,
  state: "ok",
  obstacle: null,
  isRecordingStopped: false,
  probedAtMillis: 0,
}

const unused = (what: string): never => {
  throw new Error(`health uses ${what}`)
}

const monitor = (
  cameras: Effect.Success<typeof fill>,
  listen: (listener: Listener) => void,
): Layer.Layer<HealthMonitor, never, Catalog | SqlClient.SqlClient> =>
  HealthMonitor.layer({
    sampleIntervalMillis: 5_000,
    cleanupSchedule: schedule({}, "RECORDING_CLEANUP_CRON", "0 3 * * *"),
  }).pipe(
    Layer.provide(
      Layer.mergeAll(
        Layer.mock(StreamRecorder, {
          start: () => unused("start"),
          pids: () => new Map(pids.map((pid, at) => [at + 1, pid])),
          onReport: listen,
        }),
        Layer.mock(Supervision, {
          camera: () => unused("camera"),
          pid: () => unused("pid"),
          cameras: () => cameras,
          onFact: () => {},
          state: () =>
            Effect.succeed({
              state: "recording",
              sinceMillis: 0,
              cause: null,
              detail: "",
              failures: 0,
              nextTryAtMillis: null,
              alerts: [],
            }),
        }),
        Layer.mock(Durability, { health: () => ({ growing: syncHealth, rows: syncHealth }) }),
        Layer.mock(ClipExports, { progressOf: () => 0, pending: Effect.succeed(0) }),
        Layer.mock(Delivery, { pending: Effect.succeed(0) }),
        Layer.mock(DiskPressure, {
          limits: { warningPercent: 80, criticalPercent: 90, reserveBytes: null },
          onRoomReturned: () => unused("onRoomReturned"),
          reading: Effect.succeed(reading),
        }),
      ),
    ),
  )

/** As the watcher tells them: a fragment of each camera each 0.6 s, in ticks of 0.2 s. */
const tellFragments = (listener: Listener): NodeJS.Timeout => {
  let frames = 0
  return setInterval(() => {
    const ticks = 25
    for (let tick = 0; tick < ticks; tick++) {
      frames += 5
      const reports = cameraIds
        .filter((cameraId) => cameraId % 3 === tick % 3)
        .map((cameraId) => ({
          runId: "run",
          cameraId,
          segments: [
            summary({ cameraId, startedAtMillis: 0, endedAtMillis: frames * 40, frames, sizeBytes: frames }),
          ],
          newFragments: 1,
          readLogBytes: null,
          lastArrivalMonotonicMillis: monotonicMillis(),
        }))
      listener(reports)
    }
  }, 5000 / factor)
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const pass = (millis: number) => new Promise((next) => setTimeout(next, millis))

/** CPU seconds of this process within so many seconds. */
const costOf = async (realSeconds: number): Promise<number> => {
  const before = cpuSeconds()
  await pass(realSeconds * 1000)
  return cpuSeconds() - before
}

const base = ManagedRuntime.make(storage)
const cameras = await base.runPromise(fill)
const idleSeconds = 3
await pass(1000)
const idlePerSecond = (await costOf(idleSeconds)) / idleSeconds
const listeners: Array<Listener> = []
const context = await base.context()
const health = ManagedRuntime.make(
  monitor(cameras, (listener) => listeners.push(listener)).pipe(Layer.provide(Layer.succeedContext(context))),
)
const beforeFirst = cpuSeconds()
const service = await health.runPromise(HealthMonitor)
const timers = listeners.map(tellFragments)
await awaitFact(
  "all windows are measured",
  async () =>
    (await health.runPromise(service.current)).cameras.every(({ windows }) => windows.month !== null),
  120_000,
)
const firstSeconds = cpuSeconds() - beforeFirst
const realSeconds = seconds / factor
const measured = await costOf(realSeconds)
const report = await health.runPromise(service.current)
for (const timer of timers) clearInterval(timer)
await health.dispose()
const quietPerSecond = (await costOf(idleSeconds)) / idleSeconds
const loop = new EventLoopDelay()
loop.start()
const loopPerSecond = Math.max(0, (await costOf(idleSeconds)) / idleSeconds - quietPerSecond)
loop.stop()
process.stdout.write(
  JSON.stringify({
    healthSeconds: Math.max(0, measured - idlePerSecond * realSeconds),
    idleSeconds: idlePerSecond * realSeconds,
    // The runtime's timer knows nothing of the fast clock: it ticked for `realSeconds` only.
    loopSeconds: loopPerSecond * (seconds - realSeconds),
    firstSeconds,
    measuredCameras: report.cameras.filter(({ cpuPercent }) => cpuPercent !== null).length,
  }),
)
await base.dispose()
