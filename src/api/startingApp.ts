import { Hono } from "hono"
import { problemAnswer } from "./AppRuntime.ts"
import { startingProblem } from "./Problem.ts"

/** Answers while the service starts, perhaps waiting for its database: it lives, and is not ready. */
export const startingApp = (): Hono =>
  new Hono({ strict: false })
    .get("/healthz", (c) => c.json({ status: "ok" }))
    .get("/readyz", (c) => c.json({ status: "starting", database: false }, 503))
    .notFound((c) => problemAnswer(c, startingProblem))
