import * as Layer from "effect/Layer"
import type { Settings } from "./config/Settings.ts"
import { makePino, pinoLogger } from "./logging/pinoLogger.ts"
import { StreamRecorder } from "./recorder/StreamRecorder.ts"
import { Cameras } from "./storage/Cameras.ts"
import { Catalog } from "./storage/Catalog.ts"
import { databaseLayer } from "./storage/Database.ts"
import { Owners } from "./storage/Owners.ts"
import { Recordings } from "./storage/Recordings.ts"
import { RecordingsDirectory } from "./storage/RecordingsDirectory.ts"
import { SecretBox } from "./storage/SecretBox.ts"
import { CameraDirectories } from "./supervision/CameraDirectories.ts"
import { CameraRegistry } from "./supervision/CameraRegistry.ts"
import { Supervision } from "./supervision/Supervision.ts"

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
    Layer.provideMerge(StreamRecorder.layer(settings)),
    Layer.provideMerge(CameraDirectories.layer),
    Layer.provideMerge(Catalog.layer({ flushIntervalMillis: settings.flushIntervalMillis })),
    Layer.provideMerge(Layer.mergeAll(Cameras.layer, Owners.layer, Recordings.layer)),
    // Before the database: without its marker the service does not start at all.
    Layer.provideMerge(
      RecordingsDirectory.layer({
        directory: settings.recordingDirectory,
        stateDirectory: settings.stateDirectory,
      }),
    ),
    Layer.provideMerge(
      Layer.mergeAll(
        databaseLayer(settings.database),
        SecretBox.layer({ stateDirectory: settings.stateDirectory }),
      ),
    ),
    Layer.provideMerge(pinoLogger(makePino(settings.logLevel), settings.logLevel)),
  )
