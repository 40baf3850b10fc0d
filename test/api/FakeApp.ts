import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { Hono } from "hono"
import { Alerts } from "../../src/alerts/Alerts.ts"
import { makeApp } from "../../src/api/app.ts"
import { HttpListener } from "../../src/api/HttpListener.ts"
import { ChangePreview } from "../../src/cleanup/ChangePreview.ts"
import { Cleanup } from "../../src/cleanup/Cleanup.ts"
import { CleanupScheduler } from "../../src/cleanup/CleanupScheduler.ts"
import { DiskPressure } from "../../src/cleanup/DiskPressure.ts"
import { StorageReport } from "../../src/cleanup/StorageReport.ts"
import { ClipExports } from "../../src/clips/ClipExports.ts"
import { Delivery } from "../../src/delivery/Delivery.ts"
import { ClipFaults } from "../../src/repair/ClipFaults.ts"
import { retentionDays } from "../../src/domain/Plan.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { HealthMonitor } from "../../src/health/HealthMonitor.ts"
import { Metrics } from "../../src/metrics/Metrics.ts"
import { Repair } from "../../src/repair/Repair.ts"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { Clips } from "../../src/storage/Clips.ts"
import { Durability } from "../../src/storage/durability/Durability.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { RecordingProtection } from "../../src/storage/RecordingProtection.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { CameraRegistry } from "../../src/supervision/CameraRegistry.ts"
import { Supervision } from "../../src/supervision/Supervision.ts"

/** What a request may find in a fake; whatever else it calls is a defect, and answers 500. */
export interface Fakes {
  readonly cleanup?: Partial<Cleanup["Service"]>
  readonly changePreview?: Partial<ChangePreview["Service"]>
  readonly registry?: Partial<CameraRegistry["Service"]>
  readonly cameras?: Partial<Cameras["Service"]>
  readonly owners?: Partial<Owners["Service"]>
  readonly clipExports?: Partial<ClipExports["Service"]>
}

const unasked = (): never => {
  throw new Error("nobody should ask for this")
}

/** The whole API over fakes. */
export class FakeApp {
  readonly app: Hono
  readonly #close: () => Promise<void>

  constructor(fakes: Fakes = {}) {
    const runtime = ManagedRuntime.make(
      Layer.mergeAll(
        Layer.mergeAll(
          Layer.mock(ChangePreview, fakes.changePreview ?? {}),
          Layer.mock(Cleanup, { planDays: retentionDays, ...fakes.cleanup }),
          Layer.mock(CleanupScheduler, { nextDueMillis: Effect.succeed(0) }),
          Layer.mock(CameraRegistry, { owner: unasked, ...fakes.registry }),
          Layer.mock(Cameras, fakes.cameras ?? {}),
          Layer.mock(Owners, fakes.owners ?? {}),
          Layer.mock(ClipExports, { progressOf: () => 0, ...fakes.clipExports }),
          Layer.mock(Recordings, {}),
          Layer.mock(Metrics, { answered: () => {}, eventStreamClients: unasked }),
        ),
        Layer.mergeAll(
          Layer.mock(Alerts, {}),
          Layer.mock(Catalog, { snapshot: unasked, growingFiles: unasked, knownFiles: unasked }),
          Layer.mock(ClipFaults, { of: () => null }),
          Layer.mock(Clips, {}),
          Layer.mock(Delivery, {}),
          Layer.mock(DiskPressure, {
            onRoomReturned: unasked,
            limits: { warningPercent: 80, criticalPercent: 90, reserveBytes: 0 },
          }),
          Layer.mock(Durability, { health: unasked }),
          Layer.mock(EventJournal, { publish: unasked, read: unasked, lastId: unasked }),
          Layer.mock(HealthMonitor, { onReport: unasked }),
          Layer.mock(HttpListener, {
            address: "",
            serve: unasked,
            close: unasked,
            closing: new AbortController().signal,
          }),
          Layer.mock(RecordingProtection, {}),
          Layer.mock(Repair, {}),
          Layer.mock(StorageReport, {}),
          Layer.mock(Supervision, {
            camera: () => undefined,
            cameras: unasked,
            onFact: unasked,
            pid: unasked,
          }),
        ),
      ),
    )
    this.app = makeApp(runtime)
    this.#close = () => runtime.dispose()
  }

  async request(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await this.app.request(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    })
    return { status: response.status, body: await response.json() }
  }

  close(): Promise<void> {
    return this.#close()
  }
}
