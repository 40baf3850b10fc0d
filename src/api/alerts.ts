import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Alerts, type ListedAlert } from "../alerts/Alerts.ts"
import { alertAnswer } from "./alertAnswer.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { AcknowledgementBody, AlertsQuery, optionalBody, pathUuid, query, range } from "./requests.ts"

const listedAnswer = (alert: ListedAlert) => ({ ...alertAnswer(alert), silenced: alert.isSilenced })

const farthest = { from: "0000-01-01T00:00:00Z", to: "9999-12-31T23:59:59Z" }

/** `/api/alerts`: what stands, what was; and whether somebody has seen it. */
export const alertRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { state, camera_id, kind, from, to, cursor, limit } = yield* query(c, AlertsQuery)
          yield* range(from ?? farthest.from, to ?? farthest.to)
          const page = yield* (yield* Alerts).list({
            state: state ?? "standing",
            cameraId: camera_id === undefined ? undefined : Number(camera_id),
            kind,
            fromMillis: from === undefined ? undefined : Date.parse(from),
            toMillis: to === undefined ? undefined : Date.parse(to),
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
