import type { Context, Hono } from "hono"
import { problemAnswer } from "./AppRuntime.ts"
import { methodProblem, notFoundProblem } from "./Problem.ts"

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

/** Answers what no route took: 405 and `Allow` where the address is one of ours with other methods, else 404. */
export const nothingHere =
  (app: Hono) =>
  (context: Context): Response => {
    const path = app.getPath(context.req.raw)
    const known = methods.filter((method) =>
      // Middleware is there for every method.
      app.router.match(method, path)[0].some(([[, route]]) => route.method !== "ALL"),
    )
    if (known.length === 0) return problemAnswer(context, notFoundProblem)
    const taken = known.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    return problemAnswer(context, methodProblem(taken), { allow: taken.join(", ") })
  }
