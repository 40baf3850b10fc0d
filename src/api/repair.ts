import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Repair } from "../repair/Repair.ts"
import type { RepairReport } from "../repair/RepairReport.ts"
import { instant } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"

const reportAnswer = (report: RepairReport) => ({
  kind: report.kind,
  started_at: instant(report.startedAtMillis),
  ended_at: instant(report.endedAtMillis),
  complete: report.isComplete,
  directories_listed: report.directoriesListed,
  files_examined: report.filesExamined,
  rows: report.rows,
  adopted: report.adopted,
  missing: report.missing,
  restored: report.restored,
  settled: report.settled,
  postponed: report.postponed,
  unowned: report.unowned,
  unowned_paths: report.unownedPaths,
  errors: report.errors,
  safety_stop: report.safetyStop,
})

const stateAnswer = Effect.gen(function* () {
  const repair = yield* Repair
  const last = yield* repair.last
  return { running: yield* repair.isRunning, last: last === null ? null : reportAnswer(last) }
})

/** `/api/repair`: the last comparison of disk and catalog, and a full one on demand. */
export const repairRoutes = (runtime: AppRuntime): Hono =>
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
          yield* (yield* Repair).request
          return { status: 202, body: yield* stateAnswer } as const
        }),
      ),
    )
