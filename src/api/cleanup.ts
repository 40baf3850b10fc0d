import * as Effect from "effect/Effect"
import { type Context, Hono } from "hono"
import { Cleanup } from "../cleanup/Cleanup.ts"
import type { RunningCleanup } from "../cleanup/CleanupProgress.ts"
import { CleanupScheduler } from "../cleanup/CleanupScheduler.ts"
import type { CleanupPass, CleanupTally } from "../storage/CleanupPasses.ts"
import { instant, optionalInstant } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { previewAnswer } from "./previewAnswer.ts"
import { InvalidRequest } from "./Problem.ts"
import { optionalBody, query } from "./reading.ts"
import { CleanupBody, CleanupQuery } from "./requests.ts"

const tallyAnswer = ({ cameras, files, bytes, heldBack, errors, errorList }: CleanupTally) => ({
  cameras,
  files,
  bytes,
  held_back: heldBack,
  errors,
  error_list: errorList,
})

const runningAnswer = (running: RunningCleanup) => ({
  reason: running.reason,
  started_at: instant(running.startedAtMillis),
  files_total: running.filesTotal,
  ...tallyAnswer(running),
})

const passAnswer = (pass: CleanupPass) => ({
  reason: pass.reason,
  started_at: instant(pass.startedAtMillis),
  ended_at: optionalInstant(pass.endedAtMillis),
  complete: pass.isComplete,
  ...tallyAnswer(pass),
})

const stateAnswer = Effect.gen(function* () {
  const { running, passes, clockSteps, future } = yield* (yield* Cleanup).state
  return {
    running: running === null ? null : runningAnswer(running),
    next_at: instant(yield* (yield* CleanupScheduler).nextDueMillis),
    clock_steps: clockSteps.map(({ fromMillis, toMillis }) => ({
      from: instant(fromMillis),
      to: instant(toMillis),
    })),
    future:
      future === null
        ? null
        : { files: future.files, from: instant(future.fromMillis), to: instant(future.toMillis) },
    passes: passes.map(passAnswer),
  }
})

/** What is asked of a cleanup: in the query, or in the body, but nothing in both. */
const askedOf = Effect.fnUntraced(function* (context: Context) {
  const inQuery = yield* query(context, CleanupQuery)
  const inBody = yield* optionalBody(context, CleanupBody)
  const twice = Object.keys(inQuery).filter((name) => name in inBody)
  if (twice.length > 0) {
    return yield* new InvalidRequest({
      detail: "The query is not valid",
      errors: twice.map((field) => ({ field, message: "is given in the query and in the body" })),
    })
  }
  return {
    dryRun: inBody.dry_run === true || inQuery.dry_run === "true",
    confirms: inBody.confirm === true || inQuery.confirm === "true",
  }
})

/** `/api/cleanup`: what was deleted by the plans, what would be, and a pass on demand. */
export const cleanupRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.map(stateAnswer, (body) => ({ body })),
      ),
    )
    .post("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { dryRun, confirms } = yield* askedOf(c)
          const cleanup = yield* Cleanup
          if (dryRun) return { body: previewAnswer(yield* cleanup.preview({ trustsClock: confirms })) }
          if (confirms) yield* cleanup.trustClock
          const started = yield* cleanup.request
          return { status: 202, body: { started, ...(yield* stateAnswer) } } as const
        }),
        CleanupQuery,
      ),
    )
    .delete("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          yield* (yield* Cleanup).cancel
          return { body: yield* stateAnswer }
        }),
      ),
    )
