import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Catalog } from "../storage/Catalog.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"

/** `/healthz`: the process answers. `/readyz`: it can also remember, since the database answers. */
export const probeRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/healthz", (c) => c.json({ status: "ok" }))
    .get("/readyz", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const health = yield* (yield* Catalog).health
          return {
            status: health.isDatabaseAnswering ? 200 : 503,
            body: {
              status: health.isDatabaseAnswering ? "ready" : "database unavailable",
              database: health.isDatabaseAnswering,
              pending_rows: health.pendingRows,
            },
          } as const
        }),
      ),
    )
