import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Cleanup, type ExpiredOfCamera } from "../cleanup/Cleanup.ts"
import type { RunningCleanup } from "../cleanup/CleanupProgress.ts"
import { CleanupScheduler } from "../cleanup/CleanupScheduler.ts"
import type { CleanupPass, CleanupTally } from "../storage/CleanupPasses.ts"
import { instant, optionalInstant } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { CleanupBody, optionalBody } from "./requests.ts"

/** What a cleanup now would delete. */
export const previewAnswer = (cameras: ReadonlyArray<ExpiredOfCamera>) => ({
  dry_run: true,
  files: cameras.reduce((total, { files }) => total + files, 0),
  bytes: cameras.reduce((total, { bytes }) => total + bytes, 0),
  cameras: cameras.map((camera) => ({
    camera_id: camera.cameraId,
    owner_id: camera.ownerId,
    files: camera.files,
    bytes: camera.bytes,
    oldest: instant(camera.oldestMillis),
    newest: instant(camera.newestMillis),
  })),
})

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
  const { running, passes, clockSteps } = yield* (yield* Cleanup).state
  return {
    running: running === null ? null : runningAnswer(running),
    next_at: instant(yield* (yield* CleanupScheduler).nextDueMillis),
    clock_steps: clockSteps.map(({ fromMillis, toMillis }) => ({
      from: instant(fromMillis),
      to: instant(toMillis),
    })),
    passes: passes.map(passAnswer),
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
          const { dry_run = false, confirm = false } = yield* optionalBody(c, CleanupBody)
          const cleanup = yield* Cleanup
          if (dry_run) return { body: previewAnswer(yield* cleanup.preview({ trustsClock: confirm })) }
          if (confirm) yield* cleanup.trustClock
          const started = yield* cleanup.request
          return { status: 202, body: { started, ...(yield* stateAnswer) } } as const
        }),
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
