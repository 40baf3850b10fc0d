import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import type { Context } from "hono"
import type { Cleanup } from "../cleanup/Cleanup.ts"
import type { CleanupScheduler } from "../cleanup/CleanupScheduler.ts"
import type { DiskPressure } from "../cleanup/DiskPressure.ts"
import type { StorageReport } from "../cleanup/StorageReport.ts"
import type { ClipExports } from "../clips/ClipExports.ts"
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
import { type ApiError, type Problem, internalProblem, problemOf } from "./Problem.ts"

/** The services that requests call. */
export type ApiServices =
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
  | Cleanup
  | CleanupScheduler
  | DiskPressure
  | StorageReport

/** Runs the effects of requests. */
export type AppRuntime = ManagedRuntime.ManagedRuntime<ApiServices, unknown>

/** An answer of problem details (RFC 9457). */
export const problemAnswer = (context: Context, problem: Problem): Response =>
  context.body(JSON.stringify(problem), problem.status, { "content-type": "application/problem+json" })

/** What a handler answers with. */
export interface Answer {
  readonly status?: 200 | 201 | 202 | 204 | 503
  readonly body?: unknown
}

/** Runs the effect of one request; its expected errors become problems, a defect is logged and says nothing. */
export const answer = async (
  runtime: AppRuntime,
  context: Context,
  effect: Effect.Effect<Answer, ApiError, ApiServices>,
): Promise<Response> => {
  const exit = await runtime.runPromiseExit(
    effect.pipe(
      Effect.map(({ status = 200, body }) =>
        status === 204 ? context.body(null, 204) : context.json(body, status),
      ),
      Effect.catch((error) => Effect.succeed(problemAnswer(context, problemOf(error)))),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError(`${context.req.method} failed`, cause),
      ),
    ),
    { signal: context.req.raw.signal },
  )
  return Exit.isSuccess(exit) ? exit.value : problemAnswer(context, internalProblem)
}
