import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Alerts } from "../alerts/Alerts.ts"
import type { Silence } from "../domain/Silence.ts"
import { Supervision } from "../supervision/Supervision.ts"
import { instant } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { FieldNotFound } from "./FieldNotFound.ts"
import { InvalidRequest } from "./Problem.ts"
import { body, pathUuid } from "./reading.ts"
import { NewSilenceBody } from "./requests.ts"

const silenceAnswer = (silence: Silence) => ({
  id: silence.id,
  camera_id: silence.cameraId,
  kind: silence.kind,
  from: instant(silence.fromMillis),
  until: instant(silence.untilMillis),
  comment: silence.comment,
  created_at: instant(silence.createdAtMillis),
})

const invalid = (field: "from" | "until", message: string) =>
  new InvalidRequest({ detail: "The body is not valid", errors: [{ field, message }] })

/** A silence that nobody remembers keeps alerts from people for ever. */
const yearMillis = 366 * 24 * 3_600_000

/** `/api/silences`: spans in which nobody is notified, as for maintenance. */
export const silenceRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          return { body: { silences: (yield* (yield* Alerts).silences).map(silenceAnswer) } }
        }),
      ),
    )
    .post("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const asked = yield* body(c, NewSilenceBody)
          const nowMillis = yield* Clock.currentTimeMillis
          const fromMillis = asked.from === undefined ? nowMillis : Date.parse(asked.from)
          const untilMillis = Date.parse(asked.until)
          if (Math.abs(fromMillis - nowMillis) > yearMillis) {
            return yield* invalid("from", "must be within a year of now")
          }
          if (untilMillis <= nowMillis) return yield* invalid("until", "must be in the future")
          if (untilMillis <= fromMillis) return yield* invalid("until", "must be after `from`")
          if (untilMillis - nowMillis > yearMillis) {
            return yield* invalid("until", "must be at most a year from now")
          }
          // Asked of memory: the database may be what is being maintained.
          if (asked.camera_id !== undefined && (yield* Supervision).camera(asked.camera_id) === undefined) {
            return yield* new FieldNotFound({ field: "camera_id", kind: "camera", id: asked.camera_id })
          }
          const silence = yield* (yield* Alerts).silence({
            cameraId: asked.camera_id ?? null,
            kind: asked.kind ?? null,
            fromMillis,
            untilMillis,
            comment: asked.comment,
          })
          return { status: 201, body: silenceAnswer(silence) } as const
        }),
      ),
    )
    .delete("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          yield* (yield* Alerts).unsilence(yield* pathUuid(c))
          return { status: 204 } as const
        }),
      ),
    )
