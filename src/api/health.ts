import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Delivery } from "../delivery/Delivery.ts"
import { HealthMonitor } from "../health/HealthMonitor.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { deliveryAnswer } from "./deliveryAnswer.ts"
import { healthAnswer } from "./healthAnswers.ts"

/** `/api/health`: the targets, the service and every camera as of the last sample; asks no database. */
export const healthRoutes = (runtime: AppRuntime): Hono =>
  new Hono().get("/", (c) =>
    answer(
      runtime,
      c,
      Effect.gen(function* () {
        const delivery = yield* Delivery
        return {
          body: {
            ...healthAnswer(yield* (yield* HealthMonitor).current),
            delivery: deliveryAnswer(yield* delivery.pending, yield* delivery.faults),
          },
        }
      }),
    ),
  )
