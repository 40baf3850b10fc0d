import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { Hono } from "hono"
import type { VigiaEvent } from "../domain/VigiaEvent.ts"
import { EventJournal } from "../events/EventJournal.ts"
import { HealthMonitor } from "../health/HealthMonitor.ts"
import { Metrics } from "../metrics/Metrics.ts"
import { type AppRuntime, problemAnswer, respond } from "./AppRuntime.ts"
import { cameraOf } from "./eventAnswer.ts"
import { eventStream } from "./eventStream.ts"
import { eventTexts } from "./eventTexts.ts"
import { healthSamples, noSamples, sampledType } from "./healthSamples.ts"
import { HttpListener, type RequestBindings } from "./HttpListener.ts"
import { tooManyClientsProblem } from "./Problem.ts"
import { query } from "./reading.ts"
import { EventsQuery } from "./requests.ts"

/** An event that cannot be told ends the stream, and says why in the log alone. */
const logged = (effect: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.tapCause(effect, (cause) =>
    Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("events cannot be told", cause),
  )

const mostClients = 200

/** Clients come and go: soon there may be room for another. */
const retryAfterSeconds = "10"

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  // For proxies that would keep events until they fill a buffer.
  "x-accel-buffering": "no",
}

/** `/api/events`: what happens, as it happens, to any number of clients up to 200. */
export const eventRoutes = (runtime: AppRuntime): Hono<{ Bindings: RequestBindings }> => {
  let clients = 0
  return new Hono<{ Bindings: RequestBindings }>().get("/", (c) =>
    respond(
      runtime,
      c,
      Effect.gen(function* () {
        const { types, camera_id, last_event_id } = yield* query(c, EventsQuery)
        const { closing } = yield* HttpListener
        const wantedTypes = types?.split(",")
        const isWanted = (event: VigiaEvent): boolean =>
          (wantedTypes === undefined || wantedTypes.includes(event.type)) &&
          (camera_id === undefined || cameraOf(event) === Number(camera_id))
        const samples = wantedTypes?.includes(sampledType)
          ? healthSamples(
              yield* HealthMonitor,
              (cameraId) => camera_id === undefined || cameraId === Number(camera_id),
            )
          : noSamples
        const nextText = eventTexts({
          journal: yield* EventJournal,
          afterId: c.req.header("last-event-id") ?? last_event_id ?? null,
          isWanted,
          samples,
        })
        // Answered without its body, which nobody would ever cancel.
        if (c.req.method === "HEAD") return c.body(null, 200, headers)
        if (clients >= mostClients) {
          c.header("retry-after", retryAfterSeconds)
          return problemAnswer(c, tooManyClientsProblem)
        }
        const metrics = yield* Metrics
        clients += 1
        metrics.eventStreamClients(clients)
        const body = eventStream({
          run: (effect, signal) => runtime.runPromiseExit(logged(effect), { signal }),
          nextText,
          closing,
          hangUp: () => c.env.outgoing?.destroy(),
          onEnd: () => {
            clients -= 1
            metrics.eventStreamClients(clients)
          },
        })
        return c.body(body, 200, headers)
      }),
    ),
  )
}
