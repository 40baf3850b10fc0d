import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Hono } from "hono"
import { metricsRoutes, timedRequests } from "../../src/api/metrics.ts"
import type { Alert } from "../../src/domain/Alert.ts"
import type { HealthReport } from "../../src/domain/Health.ts"
import type { SegmentSummary } from "../../src/domain/Segment.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { makeMetrics, Metrics } from "../../src/metrics/Metrics.ts"
import type { RunReport } from "../../src/recorder/segments/runReport.ts"
import type { SyncHealth } from "../../src/storage/durability/FileSync.ts"
import { nowMillis } from "./fakeReport.ts"

const noSyncs: SyncHealth = {
  isInFlight: false,
  lastMillis: null,
  slowestMillis: 0,
  recentMillis: [],
  completed: 0,
  failed: 0,
  skipped: 0,
  pid: null,
}

/** A growing file of 10 s, with what a test says of it. */
export const segment = (change: Partial<SegmentSummary> = {}): SegmentSummary => ({
  cameraId: 1,
  runId: "a",
  number: 0,
  filePath: "cam_1/2026-01-14/15-00-00.mp4",
  state: "growing",
  startedAtMillis: nowMillis,
  endedAtMillis: nowMillis + 10_000,
  sizeBytes: 2_500_000,
  fragments: 16,
  frames: 250,
  missingFrames: 0,
  lostPackets: null,
  damagedFramesAtMost: null,
  videoSampleEntry: "avc1",
  audio: "none",
  holes: [],
  clockStepMillis: 0,
  ...change,
})

/** The HTTP app of `/metrics` over a service that is made up. */
export class MetricsScene {
  readonly app = new Hono()
  readonly journal: EventJournal["Service"]
  alerts: ReadonlyArray<Alert> = []
  syncs: SyncHealth = noSyncs
  #report: HealthReport
  readonly #close: () => Promise<void>
  readonly #reportListeners: Array<(report: HealthReport) => void> = []
  readonly #recordedListeners: Array<(reports: ReadonlyArray<RunReport>) => void> = []

  private constructor(report: HealthReport, journal: EventJournal["Service"]) {
    this.#report = report
    this.journal = journal
    const runtime = ManagedRuntime.make(
      Layer.effect(
        Metrics,
        makeMetrics({
          version: "0.1.0",
          report: Effect.sync(() => this.#report),
          onReport: (listener) => this.#reportListeners.push(listener),
          onRecorded: (listener) => this.#recordedListeners.push(listener),
          standingAlerts: Effect.sync(() => this.alerts),
          notifications: Effect.succeed({ delivered: 2, failed: 1 }),
          journal,
          durability: () => ({ growing: this.syncs, rows: noSyncs }),
          stock: (cameraId) => ({ ownerId: 7, bytes: cameraId * 1_000_000, recordings: cameraId }),
        }),
      ),
    )
    this.#close = () => runtime.dispose()
    this.app.use(timedRequests(runtime))
    this.app.route("/metrics", metricsRoutes(runtime))
    this.app.get("/api/cameras/:id", (c) => c.json({ id: c.req.param("id") }))
  }

  static async open(report: HealthReport): Promise<MetricsScene> {
    const scene = new MetricsScene(
      report,
      await Effect.runPromise(Effect.provide(EventJournal, EventJournal.layer)),
    )
    // The service of metrics is made with the first request.
    await scene.scrape()
    return scene
  }

  async scrape(accept: string = "*/*"): Promise<string> {
    const answer = await this.app.request("/metrics", { headers: { accept } })
    if (answer.status !== 200) throw new Error(`/metrics answers ${answer.status}`)
    return answer.text()
  }

  /** The series whose name, or name and labels, begin so, with their values. */
  async series(beginning: string): Promise<ReadonlyArray<string>> {
    return (await this.scrape()).split("\n").filter((line) => line.startsWith(beginning))
  }

  /** The next sample of health. */
  measured(report: HealthReport): void {
    this.#report = report
    for (const listener of this.#reportListeners) listener(report)
  }

  /** What the watcher saw on disk. */
  recorded(...segments: ReadonlyArray<SegmentSummary>): void {
    const report = { runId: "a", newFragments: 1, lastArrivalMonotonicMillis: 0, readLogBytes: null }
    for (const listener of this.#recordedListeners) {
      listener(segments.map((one) => ({ ...report, cameraId: one.cameraId, segments: [one] })))
    }
  }

  close(): Promise<void> {
    return this.#close()
  }
}
