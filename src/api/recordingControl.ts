import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Cleanup } from "../cleanup/Cleanup.ts"
import { daysKept } from "../cleanup/expiry.ts"
import { cameraAlertKind } from "../domain/cameraAlertKind.ts"
import { HealthMonitor } from "../health/HealthMonitor.ts"
import { Cameras } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { Owners } from "../storage/Owners.ts"
import { CameraRegistry } from "../supervision/CameraRegistry.ts"
import { Supervision } from "../supervision/Supervision.ts"
import { humanSize, instant, optionalInstant } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { cameraFigures } from "./healthAnswers.ts"
import { noCameraIn } from "./FieldNotFound.ts"
import { body, pathId } from "./reading.ts"
import { CameraIdBody } from "./requests.ts"

/** `/api/recording`: start, stop and status of one camera. */
export const recordingControlRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .post("/start", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { camera_id } = yield* body(c, CameraIdBody)
          const { changed } = yield* (yield* CameraRegistry).start(camera_id)
          const message = changed ? "recording was started" : "the camera already records"
          return { body: { camera_id, recording_enabled: true, already_recording: !changed, message } }
        }).pipe(Effect.catchTag("CameraNotFound", noCameraIn("camera_id"))),
      ),
    )
    .post("/stop", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { camera_id } = yield* body(c, CameraIdBody)
          const { changed } = yield* (yield* CameraRegistry).stop(camera_id)
          const message = changed ? "recording was stopped" : "recording was already stopped"
          return { body: { camera_id, recording_enabled: false, already_stopped: !changed, message } }
        }).pipe(Effect.catchTag("CameraNotFound", noCameraIn("camera_id"))),
      ),
    )
    .get("/status/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const id = yield* pathId(c)
          const supervision = yield* Supervision
          const camera = supervision.camera(id) ?? (yield* (yield* Cameras).get(id))
          const owner = (yield* CameraRegistry).owner(id) ?? (yield* (yield* Owners).get(camera.ownerId))
          const { state, sinceMillis, cause, detail, failures, nextTryAtMillis, alerts } =
            yield* supervision.state(id)
          const memory = (yield* Catalog).snapshot(id)
          const measured = (yield* (yield* HealthMonitor).current).cameras.find(
            ({ cameraId }) => cameraId === id,
          )
          return {
            body: {
              camera_id: id,
              is_recording: state === "recording",
              // Between two segments the one just closed stands until the next has its first fragment.
              current_file: state === "recording" ? (memory.currentFile ?? memory.latestFile) : null,
              disk_usage: humanSize(memory.totalBytes),
              disk_usage_bytes: memory.totalBytes,
              retention_days: daysKept({ ...owner, ...camera }, (yield* Cleanup).planDays),
              recording_enabled: camera.recordingEnabled,
              state,
              since: instant(sinceMillis),
              cause,
              detail: cause === null ? null : detail,
              failures,
              next_try_at: optionalInstant(nextTryAtMillis),
              recorded_until: optionalInstant(memory.coveredUntilMillis),
              // Null until the first sample after the camera was added.
              health: measured === undefined ? null : cameraFigures(measured),
              alerts: alerts.map((alert) => ({
                kind: cameraAlertKind[alert.kind],
                cause: alert.cause,
                detail: alert.detail,
                since: instant(alert.sinceMillis),
              })),
            },
          }
        }),
      ),
    )
