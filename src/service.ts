import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HttpListener } from "./api/HttpListener.ts"
import { Cleanup } from "./cleanup/Cleanup.ts"
import { CleanupScheduler } from "./cleanup/CleanupScheduler.ts"
import { Deletion } from "./cleanup/Deletion.ts"
import { type DiskLimits, reserveOf } from "./cleanup/diskLimits.ts"
import { DiskPressure } from "./cleanup/DiskPressure.ts"
import { StorageReport } from "./cleanup/StorageReport.ts"
import { ClipExports } from "./clips/ClipExports.ts"
import type { Settings } from "./config/Settings.ts"
import { ServiceLock } from "./guard/ServiceLock.ts"
import { makePino, pinoLogger } from "./logging/pinoLogger.ts"
import { StreamRecorder } from "./recorder/StreamRecorder.ts"
import { Repair } from "./repair/Repair.ts"
import { Cameras } from "./storage/Cameras.ts"
import { Catalog } from "./storage/Catalog.ts"
import { Clips } from "./storage/Clips.ts"
import { databaseLayer } from "./storage/Database.ts"
import { Durability } from "./storage/durability/Durability.ts"
import { growingSyncLayer } from "./storage/durability/GrowingSync.ts"
import { Owners } from "./storage/Owners.ts"
import { cameraRebuild } from "./storage/rebuild/cameraRebuild.ts"
import { clipRebuild } from "./storage/rebuild/clipRebuild.ts"
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
    Effect.map(Durability, ({ committable }) =>
      Catalog.layer({ flushIntervalMillis, stateDirectory, committable }),
    ),
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
    Layer.provideMerge(CleanupScheduler.layer(settings.cleanupSchedule)),
    Layer.provideMerge(Cleanup.layer(settings.planDays)),
    Layer.provideMerge(Deletion.layer),
  )

/** All layers of the service, each below those that use it: the first to end is the one named first. */
export const serviceLayer = (settings: Settings) =>
  CameraRegistry.layer.pipe(
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
    Layer.provideMerge(cleanupLayer(settings)),
    Layer.provideMerge(StreamRecorder.layer(settings)),
    Layer.provideMerge(CameraDirectories.layer),
    Layer.provideMerge(growingSyncLayer(settings)),
    Layer.provideMerge(catalogLayer(settings)),
    Layer.provideMerge(Durability.layer),
    // Before an interrupted export is looked at: the clip may be whole.
    Layer.provideMerge(clipRebuild),
    // Before the catalog reads what the database holds.
    Layer.provideMerge(cameraRebuild),
    Layer.provideMerge(
      Layer.mergeAll(
        Cameras.layer,
        Owners.layer,
        Recordings.layer,
        RecordingProtection.layer,
        Clips.layer,
        EvictionCandidates.layer,
        StorageAccounts.layer,
      ),
    ),
    Layer.provideMerge(databaseLayer(settings.database)),
    // Before anything waits for the database, so that the probes answer.
    Layer.provideMerge(HttpListener.layer({ host: settings.host, port: settings.port })),
    // Before anything that a second service on the same directories must not touch.
    Layer.provideMerge(
      ServiceLock.layer({
        recordingDirectory: settings.recordingDirectory,
        stateDirectory: settings.stateDirectory,
        leaseMillis: settings.adoptionLeaseMillis,
      }),
    ),
    // Before the database: without its marker the service does not start at all.
    Layer.provideMerge(
      RecordingsDirectory.layer({
        directory: settings.recordingDirectory,
        stateDirectory: settings.stateDirectory,
      }),
    ),
    Layer.provideMerge(SecretBox.layer({ stateDirectory: settings.stateDirectory })),
    Layer.provideMerge(pinoLogger(makePino(settings.logLevel), settings.logLevel)),
  )
