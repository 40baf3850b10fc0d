import * as Effect from "effect/Effect"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import { Hono, type MiddlewareHandler } from "hono"
import { accepts } from "hono/accepts"
import { routePath } from "hono/route"
import { contentTypes, type ExpositionFormat } from "../metrics/exposition.ts"
import { Metrics } from "../metrics/Metrics.ts"

type MetricsRuntime = ManagedRuntime.ManagedRuntime<Metrics, unknown>

const formatOf = (accepted: string): ExpositionFormat =>
  accepted === "application/openmetrics-text" ? accepted : "text/plain"

/** `/metrics`: for Prometheus, in the format that it asks for. */
export const metricsRoutes = (runtime: MetricsRuntime): Hono =>
  new Hono().get("/", async (c) => {
    const format = formatOf(
      accepts(c, { header: "Accept", supports: Object.keys(contentTypes), default: "text/plain" }),
    )
    const text = await runtime.runPromise(Effect.flatMap(Metrics, (metrics) => metrics.expose(format)))
    return c.body(text, 200, { "content-type": contentTypes[format], "cache-control": "no-store" })
  })

/** Of what no route matched only middleware is left; a path that a client made up is no label. */
const routeOf = (pattern: string): string => (pattern.endsWith("*") ? "none" : pattern)

/** Observes how long each answer took, by the pattern of its route. */
export const timedRequests = (runtime: MetricsRuntime): MiddlewareHandler => {
  const observing = runtime.runPromise(Effect.map(Metrics, ({ answered }) => answered))
  return async (c, next) => {
    const startedMillis = performance.now()
    await next()
    const answered = await observing
    answered({
      method: c.req.method,
      route: routeOf(routePath(c, -1)),
      status: c.res.status,
      seconds: (performance.now() - startedMillis) / 1000,
    })
  }
}
