import { getCompileCacheDir } from "node:module"
import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { errorCode } from "../domain/errorCode.ts"
import type { ClipSourceFile } from "../storage/Clips.ts"
import type { ClipImpossible, PlanRequest } from "./planClip.ts"
import type { ClipPlan } from "./planReadable.ts"

/** What the thread is told. */
export interface PlanOrder {
  readonly recordingsDirectory: string
  readonly cameraId: number
  readonly files: ReadonlyArray<ClipSourceFile>
  readonly request: PlanRequest
}

/** The recordings of a range cannot be read; `reason` is the file system's own. */
export class PlanFailed extends Schema.TaggedError<PlanFailed>()("PlanFailed", { reason: Schema.String }) {}

/** `planReadable` in a thread of its own: reading a day of indexes takes its time, and a disk may hang. */
export const planInThread = (order: PlanOrder): Effect.Effect<ClipPlan | ClipImpossible | null, PlanFailed> =>
  Effect.callback((resume) => {
    const cacheDirectory = getCompileCacheDir()
    const worker = new Worker(new URL("planWorker.ts", import.meta.url), {
      name: "clip",
      workerData: order,
      env: cacheDirectory === undefined ? {} : { NODE_COMPILE_CACHE: cacheDirectory },
      execArgv: [],
    })
    worker.once("message", (plan: ClipPlan | ClipImpossible | null) => resume(Effect.succeed(plan)))
    worker.once("error", (error) => resume(Effect.fail(new PlanFailed({ reason: errorCode(error) }))))
    worker.once("exit", () => resume(Effect.fail(new PlanFailed({ reason: "the thread ended" }))))
    return Effect.sync(() => {
      void worker.terminate()
      worker.unref()
    })
  })
