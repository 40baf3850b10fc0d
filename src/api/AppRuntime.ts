import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import type { Context } from "hono"
import type { Alerts } from "../alerts/Alerts.ts"
import type { ChangePreview } from "../cleanup/ChangePreview.ts"
import type { Cleanup } from "../cleanup/Cleanup.ts"
import type { CleanupScheduler } from "../cleanup/CleanupScheduler.ts"
import type { DiskPressure } from "../cleanup/DiskPressure.ts"
import type { StorageReport } from "../cleanup/StorageReport.ts"
import type { ClipExports } from "../clips/ClipExports.ts"
import type { Delivery } from "../delivery/Delivery.ts"
import type { EventJournal } from "../events/EventJournal.ts"
import type { HealthMonitor } from "../health/HealthMonitor.ts"
import type { Metrics } from "../metrics/Metrics.ts"
import type { ClipFaults } from "../repair/ClipFaults.ts"
import type { Repair } from "../repair/Repair.ts"
import type { CameraRegistry } from "../supervision/CameraRegistry.ts"
import type { Supervision } from "../supervision/Supervision.ts"
import type { Cameras } from "../storage/Cameras.ts"
import type { Catalog } from "../storage/Catalog.ts"
import type { Clips } from "../storage/Clips.ts"
import type { Durability } from "../storage/durability/Durability.ts"
import type { Owners } from "../storage/Owners.ts"
import type { RecordingProtection } from "../storage/RecordingProtection.ts"
import type { Recordings } from "../storage/Recordings.ts"
import type { HttpListener } from "./HttpListener.ts"
import { type ApiError, type Problem, internalProblem, problemOf } from "./Problem.ts"
import { query, type QuerySchema } from "./reading.ts"
import { NoQuery } from "./requests.ts"

/** The services that requests call. */
export type ApiServices =
  | Alerts
  | CameraRegistry
  | Supervision
  | Cameras
  | Catalog
  | Durability
  | Owners
  | Recordings
  | RecordingProtection
  | Repair
  | Clips
  | ClipExports
  | ChangePreview
  | ClipFaults
  | Cleanup
  | CleanupScheduler
  | DiskPressure
  | StorageReport
  | Delivery
  | EventJournal
  | HealthMonitor
  | HttpListener
  | Metrics

/** Runs the effects of requests. */
export type AppRuntime = ManagedRuntime.ManagedRuntime<ApiServices, unknown>

/** An answer of problem details (RFC 9457). */
export const problemAnswer = (
  context: Context,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  context.body(JSON.stringify(problem), problem.status, {
    "content-type": "application/problem+json",
    ...headers,
    ...(problem.status === 429 ? { "retry-after": retryAfterSeconds } : {}),
  })

/** An export takes about a second for each minute of a clip: by then there is room for another. */
const retryAfterSeconds = "10"

/** What a handler answers with. */
export interface Answer {
  readonly status?: 200 | 201 | 202 | 204 | 503
  readonly body?: unknown
}

const changesNothing = ({ req }: Context): boolean => req.method === "GET" || req.method === "HEAD"

/**
 * Answers a request with a JSON document, as `respond` does.
 *
 * What may change something is not begun where its query has more than what is `known`: a `dry_run` that nobody heeds
 * would be real.
 */
export const answer = (
  runtime: AppRuntime,
  context: Context,
  effect: Effect.Effect<Answer, ApiError, ApiServices>,
  known: QuerySchema = NoQuery,
): Promise<Response> =>
  respond(
    runtime,
    context,
    Effect.gen(function* () {
      if (!changesNothing(context)) yield* query(context, known)
      const { status = 200, body } = yield* effect
      return status === 204 ? context.body(null, 204) : context.json(body, status)
    }),
  )

/** Runs the effect of one request; its expected errors become problems, a defect is logged and says nothing. */
export const respond = async (
  runtime: AppRuntime,
  context: Context,
  effect: Effect.Effect<Response, ApiError, ApiServices>,
): Promise<Response> => {
  const exit = await runtime.runPromiseExit(
    effect.pipe(
      Effect.catch((error) => Effect.succeed(problemAnswer(context, problemOf(error)))),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError(`${context.req.method} failed`, cause),
      ),
    ),
    { signal: context.req.raw.signal },
  )
  return Exit.isSuccess(exit) ? exit.value : problemAnswer(context, internalProblem)
}
