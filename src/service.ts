import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Alerts } from "./alerts/Alerts.ts"
import { Bookkeeping, databaseWaitLayer } from "./alerts/Bookkeeping.ts"
import { HttpListener } from "./api/HttpListener.ts"
import { Ballast } from "./cleanup/Ballast.ts"
import { ChangePreview } from "./cleanup/ChangePreview.ts"
import { Cleanup } from "./cleanup/Cleanup.ts"
import { CleanupScheduler } from "./cleanup/CleanupScheduler.ts"
import { Deletion } from "./cleanup/Deletion.ts"
import { type DiskLimits, reserveOf } from "./cleanup/diskLimits.ts"
import { DiskPressure } from "./cleanup/DiskPressure.ts"
import { reserveFits } from "./cleanup/reserveFits.ts"
import { StorageReport } from "./cleanup/StorageReport.ts"
import { ClipExports } from "./clips/ClipExports.ts"
import type { Settings } from "./config/Settings.ts"
import { EventJournal } from "./events/EventJournal.ts"
import { Delivery } from "./delivery/Delivery.ts"
import { HealthMonitor } from "./health/HealthMonitor.ts"
import { ServiceLock } from "./guard/ServiceLock.ts"
import { makePino, pinoLogger } from "./logging/pinoLogger.ts"
import { StreamRecorder } from "./recorder/StreamRecorder.ts"
import { Metrics } from "./metrics/Metrics.ts"
import { ClipFaults } from "./repair/ClipFaults.ts"
import { Repair } from "./repair/Repair.ts"
import { StoredAlerts } from "./storage/Alerts.ts"
import { Cameras } from "./storage/Cameras.ts"
import { Catalog } from "./storage/Catalog.ts"
import { Clips } from "./storage/Clips.ts"
import { databaseLayer } from "./storage/Database.ts"
import { Durability } from "./storage/durability/Durability.ts"
import { growingSyncLayer } from "./storage/durability/GrowingSync.ts"
import { ExportSources } from "./storage/ExportSources.ts"
import { Owners } from "./storage/Owners.ts"
import { cameraRebuild } from "./storage/rebuild/cameraRebuild.ts"
import { clipRebuild } from "./storage/rebuild/clipRebuild.ts"
import { protectionRebuild } from "./storage/rebuild/protectionRebuild.ts"
import { EvictionCandidates } from "./storage/EvictionCandidates.ts"
import { RecordingProtection } from "./storage/RecordingProtection.ts"
import { Recordings } from "./storage/Recordings.ts"
import { RecordingsDirectory } from "./storage/RecordingsDirectory.ts"
import { SecretBox } from "./storage/SecretBox.ts"
import { StorageAccounts } from "./storage/StorageAccounts.ts"
import { CameraDirectories } from "./supervision/CameraDirectories.ts"
import { CameraRegistry } from "./supervision/CameraRegistry.ts"
import { Supervision } from "./supervision/Supervision.ts"

/** Rows are committed when what they claim is on the medium. */
const catalogLayer = ({ flushIntervalMillis, stateDirectory }: Settings) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { committable } = yield* Durability
      const { publish } = yield* EventJournal
      return Catalog.layer({ flushIntervalMillis, stateDirectory, committable, publish })
    }),
  )

const diskLimits = (settings: Settings): DiskLimits => ({
  warningPercent: settings.diskWarningPercent,
  criticalPercent: settings.diskCriticalPercent,
  reserveBytes: settings.diskReserveBytes,
})

/** What deletes recordings, and what decides which: by the plans, and by what room there is. */
const cleanupLayer = (settings: Settings) =>
  StorageReport.layer({ planDays: settings.planDays, measureIntervalMillis: 60_000 }).pipe(
    Layer.provideMerge(
      DiskPressure.layer({
        ...diskLimits(settings),
        probeIntervalMillis: 5_000,
        // As often as the rows of growing files are written: how much they take is not known sooner.
        quotaIntervalMillis: settings.flushIntervalMillis,
      }),
    ),
    Layer.provideMerge(Ballast.layer(settings.database.kind === "embedded" ? settings.stateDirectory : null)),
    Layer.provideMerge(Layer.merge(CleanupScheduler.layer(settings.cleanupSchedule), ChangePreview.layer)),
    Layer.provideMerge(Cleanup.layer(settings.planDays)),
    Layer.provideMerge(Deletion.layer),
  )

const deliveryLayer = ({ stateDirectory, alertWebhook }: Settings) =>
  Delivery.layer({
    stateDirectory,
    receivers: alertWebhook === null ? [] : [{ name: "webhook", ...alertWebhook }],
  })

const alertsLayer = (settings: Settings) =>
  Alerts.layer({
    warningPercent: settings.diskWarningPercent,
    criticalPercent: settings.diskCriticalPercent,
  })

/** All layers of the service, each below those that use it: the first to end is the one named first. */
export const serviceLayer = (settings: Settings) =>
  Layer.mergeAll(
    CameraRegistry.layer,
    Metrics.layer.pipe(
      Layer.provideMerge(alertsLayer(settings)),
      Layer.provideMerge(
        HealthMonitor.layer({ sampleIntervalMillis: 5_000, cleanupSchedule: settings.cleanupSchedule }),
      ),
    ),
  ).pipe(
    Layer.provideMerge(
      Supervision.layer({
        policy: {
          initialDelayMillis: settings.retryInitialMillis,
          maxDelayMillis: settings.retryMaximumMillis,
          slowRetryMillis: settings.retryMaximumMillis,
          permanentRetryMillis: settings.retryPermanentMillis,
          healthySpellMillis: settings.healthySpellMillis,
        },
        delays: {
          connectTimeoutMillis: settings.connectTimeoutMillis,
          stallTimeoutMillis: settings.stallTimeoutMillis,
          audioRetryMillis: settings.audioRetryMillis,
        },
      }),
    ),
    Layer.provideMerge(
      ClipExports.layer({
        ffmpegPath: settings.ffmpegPath,
        reserveOf: (totalBytes) => reserveOf(diskLimits(settings), totalBytes),
      }),
    ),
    Layer.provideMerge(Repair.layer({ intervalMillis: settings.repairIntervalMillis })),
    Layer.provideMerge(ClipFaults.layer),
    Layer.provideMerge(cleanupLayer(settings)),
    Layer.provideMerge(StreamRecorder.layer(settings)),
    Layer.provideMerge(CameraDirectories.layer),
    Layer.provideMerge(growingSyncLayer(settings)),
    Layer.provideMerge(catalogLayer(settings).pipe(Layer.provide(databaseWaitLayer))),
    Layer.provideMerge(Durability.layer),
    // Before an interrupted export is looked at: the clip may be whole.
    Layer.provideMerge(clipRebuild),
    // Before anything adds rows, or deletes.
    Layer.provideMerge(protectionRebuild),
    // Before the catalog reads what the database holds.
    Layer.provideMerge(cameraRebuild),
    Layer.provideMerge(
      Layer.mergeAll(
        Cameras.layer,
        StoredAlerts.layer,
        Owners.layer,
        Recordings.layer,
        RecordingProtection.layer,
        Clips.layer,
        ExportSources.layer,
        EvictionCandidates.layer,
        StorageAccounts.layer,
      ),
    ),
    Layer.provideMerge(databaseLayer(settings.database).pipe(Layer.provide(databaseWaitLayer))),
    // Before anything waits for the database, so that the probes answer, what an earlier life left is delivered, and
    // that it waits is told.
    Layer.provideMerge(
      Layer.merge(
        HttpListener.layer({ host: settings.host, port: settings.port }),
        Bookkeeping.layer(settings.stateDirectory).pipe(Layer.provideMerge(deliveryLayer(settings))),
      ),
    ),
    // Before anything that a second service on the same directories must not touch.
    Layer.provideMerge(
      ServiceLock.layer({
        recordingDirectory: settings.recordingDirectory,
        stateDirectory: settings.stateDirectory,
        leaseMillis: settings.adoptionLeaseMillis,
      }),
    ),
    // Before anything could be deleted for a reserve that the disk does not have.
    // And before the database: without the marker of the directory the service does not start at all.
    Layer.provideMerge(
      reserveFits(settings.diskReserveBytes).pipe(
        Layer.provideMerge(
          RecordingsDirectory.layer({
            directory: settings.recordingDirectory,
            stateDirectory: settings.stateDirectory,
          }),
        ),
      ),
    ),
    Layer.provideMerge(
      Layer.mergeAll(SecretBox.layer({ stateDirectory: settings.stateDirectory }), EventJournal.layer),
    ),
    Layer.provideMerge(pinoLogger(makePino(settings.logLevel), settings.logLevel)),
  )
