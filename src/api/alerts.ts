import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Alerts, type ListedAlert } from "../alerts/Alerts.ts"
import { alertFields } from "../domain/alertFields.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { openRange, optionalBody, pathUuid, query } from "./reading.ts"
import { AcknowledgementBody, AlertsQuery } from "./requests.ts"

const listedAnswer = (alert: ListedAlert) => ({ ...alertFields(alert), silenced: alert.isSilenced })

/** `/api/alerts`: what stands, what was; and whether somebody has seen it. */
export const alertRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { state, camera_id, kind, cursor, limit, ...bounds } = yield* query(c, AlertsQuery)
          const page = yield* (yield* Alerts).list({
            state: state ?? "standing",
            cameraId: camera_id === undefined ? undefined : Number(camera_id),
            kind,
            ...(yield* openRange(bounds)),
            cursor,
            limit: Number(limit ?? 100),
          })
          return { body: { alerts: page.alerts.map(listedAnswer), next_cursor: page.nextCursor } }
        }),
      ),
    )
    .get("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          return { body: listedAnswer(yield* (yield* Alerts).get(yield* pathUuid(c))) }
        }),
      ),
    )
    .post("/:id/ack", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const id = yield* pathUuid(c)
          const { by, note } = yield* optionalBody(c, AcknowledgementBody)
          const alert = yield* (yield* Alerts).acknowledge(id, by ?? null, note ?? null)
          return { body: listedAnswer(alert) }
        }),
      ),
    )
