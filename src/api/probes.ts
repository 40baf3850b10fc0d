import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Catalog } from "../storage/Catalog.ts"
import { Durability, type DurabilityHealth } from "../storage/durability/Durability.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"

/** How the disk takes what is recorded: a sync that hangs makes nobody less ready. */
const syncFigures = ({ growing, rows }: DurabilityHealth) => ({
  in_flight: Number(growing.isInFlight) + Number(rows.isInFlight),
  slowest_seconds: Math.max(growing.slowestMillis, rows.slowestMillis) / 1000,
  skipped: growing.skipped + rows.skipped,
  failed: growing.failed + rows.failed,
})

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
          const durability = (yield* Durability).health()
          return {
            status: health.isDatabaseAnswering ? 200 : 503,
            body: {
              status: health.isDatabaseAnswering ? "ready" : "database unavailable",
              database: health.isDatabaseAnswering,
              pending_rows: health.pendingRows,
              dropped_rows: health.droppedRows,
              sync: syncFigures(durability),
            },
          } as const
        }),
      ),
    )
