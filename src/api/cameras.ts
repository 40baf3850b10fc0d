import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Hono } from "hono"
import { ChangePreview } from "../cleanup/ChangePreview.ts"
import { Cameras, type StoredCamera } from "../storage/Cameras.ts"
import { CameraRegistry } from "../supervision/CameraRegistry.ts"
import { Supervision } from "../supervision/Supervision.ts"
import { cameraAnswer } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { assertRetention } from "./assertRetention.ts"
import { coverageAnswer } from "./coverage.ts"
import { changePreviewAnswer } from "./previewAnswer.ts"
import { noOwnerIn } from "./FieldNotFound.ts"
import { body, pathId, query } from "./reading.ts"
import { CameraChangeBody, DryRunQuery, NewCameraBody } from "./requests.ts"

const withState = Effect.fnUntraced(function* (camera: StoredCamera) {
  const supervision = yield* Supervision
  return cameraAnswer(camera, yield* supervision.state(camera.id))
})

/** `/api/cameras`: the sources, what they are called and whether they record. */
export const cameraRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const cameras = yield* (yield* Cameras).list
          return { body: { cameras: yield* Effect.forEach(cameras, withState) } }
        }),
      ),
    )
    .post("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const fresh = yield* body(c, NewCameraBody)
          yield* assertRetention(fresh.owner_id, fresh.retention_days)
          const camera = yield* (yield* CameraRegistry).create({
            ownerId: fresh.owner_id,
            name: fresh.name,
            url: Redacted.make(fresh.url),
            transport: fresh.transport ?? "tcp",
            recordingEnabled: fresh.recording_enabled ?? true,
            retentionDays: fresh.retention_days ?? null,
            quotaBytes: fresh.quota_bytes ?? null,
          })
          return { status: 201, body: yield* withState(camera) } as const
        }).pipe(Effect.catchTag("OwnerNotFound", noOwnerIn("owner_id"))),
      ),
    )
    .get("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          return { body: yield* withState(yield* (yield* Cameras).get(yield* pathId(c))) }
        }),
      ),
    )
    .patch("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const id = yield* pathId(c)
          const change = yield* body(c, CameraChangeBody)
          const { ownerId } = yield* (yield* Cameras).get(id)
          yield* assertRetention(change.owner_id ?? ownerId, change.retention_days)
          const limits = {
            ownerId: change.owner_id,
            retentionDays: change.retention_days,
            quotaBytes: change.quota_bytes,
          }
          const { dry_run } = yield* query(c, DryRunQuery)
          if (dry_run === "true") {
            return { body: changePreviewAnswer(yield* (yield* ChangePreview).ofCamera(id, limits)) }
          }
          const camera = yield* (yield* CameraRegistry).update(id, {
            ...limits,
            name: change.name,
            url: change.url === undefined ? undefined : Redacted.make(change.url),
            transport: change.transport,
            recordingEnabled: change.recording_enabled,
          })
          return { body: yield* withState(camera) }
        }).pipe(Effect.catchTag("OwnerNotFound", noOwnerIn("owner_id"))),
        DryRunQuery,
      ),
    )
    .delete("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          yield* (yield* CameraRegistry).remove(yield* pathId(c))
          return { status: 204 } as const
        }),
      ),
    )
    .get("/:id/coverage", (c) => answer(runtime, c, coverageAnswer(c)))
