import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { HealthMonitor } from "../health/HealthMonitor.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { healthAnswer } from "./healthAnswers.ts"

/** `/api/health`: the targets, the service and every camera as of the last sample; asks no database. */
export const healthRoutes = (runtime: AppRuntime): Hono =>
  new Hono().get("/", (c) =>
    answer(
      runtime,
      c,
      Effect.gen(function* () {
        return { body: healthAnswer(yield* (yield* HealthMonitor).current) }
      }),
    ),
  )
