import { Hono } from "hono"
import { bodyLimit } from "hono/body-limit"
import { alertRoutes } from "./alerts.ts"
import { type AppRuntime, problemAnswer } from "./AppRuntime.ts"
import { cameraRoutes } from "./cameras.ts"
import { clipRoutes } from "./clips.ts"
import { cleanupRoutes } from "./cleanup.ts"
import { eventRoutes } from "./events.ts"
import { healthRoutes } from "./health.ts"
import { metricsRoutes, timedRequests } from "./metrics.ts"
import { ownerRoutes } from "./owners.ts"
import { nothingHere } from "./nothingHere.ts"
import { internalProblem, tooLargeProblem } from "./Problem.ts"
import { probeRoutes } from "./probes.ts"
import { recordingControlRoutes } from "./recordingControl.ts"
import { recordingRoutes } from "./recordings.ts"
import { repairRoutes } from "./repair.ts"
import { silenceRoutes } from "./silences.ts"
import { storageRoutes } from "./storage.ts"

const maximumBodyBytes = 65_536

/** The whole HTTP API; every address works with and without the trailing slash. */
export const makeApp = (runtime: AppRuntime): Hono => {
  const app = new Hono({ strict: false })
  app.use(timedRequests(runtime))
  app.use(bodyLimit({ maxSize: maximumBodyBytes, onError: (c) => problemAnswer(c, tooLargeProblem) }))
  app.route("/", probeRoutes(runtime))
  app.route("/metrics", metricsRoutes(runtime))
  app.route("/api/health", healthRoutes(runtime))
  app.route("/api/alerts", alertRoutes(runtime))
  app.route("/api/silences", silenceRoutes(runtime))
  app.route("/api/owners", ownerRoutes(runtime))
  app.route("/api/cameras", cameraRoutes(runtime))
  app.route("/api/clips", clipRoutes(runtime))
  app.route("/api/events", eventRoutes(runtime))
  app.route("/api/recording", recordingControlRoutes(runtime))
  app.route("/api/recordings", recordingRoutes(runtime))
  app.route("/api/repair", repairRoutes(runtime))
  app.route("/api/cleanup", cleanupRoutes(runtime))
  app.route("/api/storage", storageRoutes(runtime))
  app.notFound(nothingHere(app))
  app.onError((_error, c) => problemAnswer(c, internalProblem))
  return app
}
