import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Alerts } from "../alerts/Alerts.ts"
import { alertRules } from "../alerts/rules.ts"
import type { DeliveryTotals } from "../delivery/Courier.ts"
import { Delivery } from "../delivery/Delivery.ts"
import { type Alert, AlertKind } from "../domain/Alert.ts"
import type { CameraHealth, HealthReport } from "../domain/Health.ts"
import { EventJournal } from "../events/EventJournal.ts"
import { HealthMonitor } from "../health/HealthMonitor.ts"
import type { RunReport } from "../recorder/segments/runReport.ts"
import { StreamRecorder } from "../recorder/StreamRecorder.ts"
import { Catalog } from "../storage/Catalog.ts"
import { Durability, type DurabilityHealth } from "../storage/durability/Durability.ts"
import { Supervision } from "../supervision/Supervision.ts"
import { EventCounts } from "./EventCounts.ts"
import { type ExpositionFormat, expose } from "./exposition.ts"
import { type AnsweredRequest, Histograms } from "./Histograms.ts"
import type { CameraStock } from "./Observation.ts"
import { packageVersion } from "./packageVersion.ts"
import { readProcessUse } from "./processUse.ts"
import { RecordedCounts } from "./RecordedCounts.ts"
import { SyncTimes } from "./SyncTimes.ts"

/** Where metrics come from; all of it is in memory. */
export interface MetricSources {
  readonly version: string
  readonly report: Effect.Effect<HealthReport>
  readonly onReport: (listener: (report: HealthReport) => void) => void
  readonly onRecorded: (listener: (reports: ReadonlyArray<RunReport>) => void) => void
  readonly standingAlerts: Effect.Effect<ReadonlyArray<Alert>>
  readonly notifications: Effect.Effect<DeliveryTotals>
  readonly journal: Pick<EventJournal["Service"], "read" | "newerThan">
  readonly durability: () => DurabilityHealth
  /** Undefined where the camera is not supervised any more. */
  readonly stock: (cameraId: number) => CameraStock | undefined
}

/** What Prometheus is told. */
export class Metrics extends Context.Service<
  Metrics,
  {
    /** All metrics as text, from memory: also while the database is away. */
    readonly expose: (format: ExpositionFormat) => Effect.Effect<string>
    readonly answered: (request: AnsweredRequest) => void
    /** How many read events now. */
    readonly eventStreamClients: (count: number) => void
  }
>()("vigia/metrics/Metrics") {
  static readonly layer = Layer.effect(
    Metrics,
    Effect.gen(function* () {
      const monitor = yield* HealthMonitor
      const recorder = yield* StreamRecorder
      const supervision = yield* Supervision
      const catalog = yield* Catalog
      const delivery = yield* Delivery
      return yield* makeMetrics({
        version: packageVersion(),
        report: monitor.current,
        onReport: monitor.onReport,
        onRecorded: recorder.onReport,
        standingAlerts: (yield* Alerts).standing,
        notifications: delivery.totals,
        journal: yield* EventJournal,
        durability: (yield* Durability).health,
        stock: (cameraId) => {
          const camera = supervision.camera(cameraId)
          const { totalBytes, recordings } = catalog.snapshot(cameraId)
          return camera && { ownerId: camera.ownerId, bytes: totalBytes, recordings }
        },
      })
    }),
  )
}

const entriesAtOnce = 1_000

const severities = new Map(AlertKind.literals.map((kind) => [kind, alertRules[kind].severity]))

/** Counts from now on, and answers scrapes. */
export const makeMetrics = Effect.fnUntraced(function* (sources: MetricSources) {
  const histograms = new Histograms()
  const events = new EventCounts()
  const syncTimes = new SyncTimes()
  const recorded = new RecordedCounts((yield* sources.report).service.startedAtMillis)
  const recoveries = new Map<number, number>()
  let lastEventId: string | null = null
  let eventStreamClients = 0

  const countEvents = (): string => {
    for (;;) {
      const { entries, lastId } = sources.journal.read(lastEventId, entriesAtOnce)
      lastEventId = lastId
      if (entries.length === 0) return lastId
      for (const { event } of entries) events.noted(event)
    }
  }

  const noteRecoveries = ({ cameraId, failures }: CameraHealth): void => {
    const added = failures.recoveries - (recoveries.get(cameraId) ?? 0)
    if (added > 0) for (const seconds of failures.recoverySeconds.slice(-added)) histograms.recovered(seconds)
    recoveries.set(cameraId, failures.recoveries)
  }

  sources.onRecorded((reports) => recorded.noted(reports.flatMap(({ segments }) => segments)))
  sources.onReport(({ cameras }) => {
    const present = new Set(cameras.map(({ cameraId }) => cameraId))
    recorded.keepOnly(present)
    for (const cameraId of recoveries.keys()) if (!present.has(cameraId)) recoveries.delete(cameraId)
    for (const camera of cameras) noteRecoveries(camera)
    for (const millis of syncTimes.ended(sources.durability())) histograms.synced(millis / 1000)
  })
  yield* Effect.suspend(() => sources.journal.newerThan(countEvents())).pipe(
    Effect.forever,
    Effect.forkScoped,
  )

  return Metrics.of({
    answered: (request) => histograms.answered(request),
    eventStreamClients: (count) => {
      eventStreamClients = count
    },
    expose: Effect.fn("Metrics.expose")(function* (format) {
      countEvents()
      const report = yield* sources.report
      const perCamera = <Value>(read: (cameraId: number) => Value | undefined): ReadonlyMap<number, Value> =>
        new Map(
          report.cameras.flatMap(({ cameraId }) => {
            const value = read(cameraId)
            return value === undefined ? [] : [[cameraId, value] as const]
          }),
        )
      const observation = {
        version: sources.version,
        report,
        standingAlerts: yield* sources.standingAlerts,
        severities,
        totals: events,
        notifications: yield* sources.notifications,
        eventStreamClients,
        recorded: perCamera((cameraId) => recorded.of(cameraId)),
        stock: perCamera(sources.stock),
        processUse: readProcessUse(),
      }
      return yield* Effect.promise(() => expose(observation, histograms, format))
    }),
  })
})
