import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { ChangePreview } from "../cleanup/ChangePreview.ts"
import { Cleanup } from "../cleanup/Cleanup.ts"
import { Owners } from "../storage/Owners.ts"
import { CameraRegistry } from "../supervision/CameraRegistry.ts"
import { ownerAnswer } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { changePreviewAnswer } from "./previewAnswer.ts"
import { body, pathId, query } from "./reading.ts"
import { DryRunQuery, NewOwnerBody, OwnerChangeBody } from "./requests.ts"

/** `/api/owners`: who has cameras, and under which plan. */
export const ownerRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const owners = yield* (yield* Owners).list
          const { planDays } = yield* Cleanup
          return { body: { owners: owners.map((owner) => ownerAnswer(owner, planDays)) } }
        }),
      ),
    )
    .post("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { name, plan, quota_bytes } = yield* body(c, NewOwnerBody)
          const owner = yield* (yield* Owners).create({ name, plan, quotaBytes: quota_bytes ?? null })
          return { status: 201, body: ownerAnswer(owner, (yield* Cleanup).planDays) } as const
        }),
      ),
    )
    .get("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const owner = yield* (yield* Owners).get(yield* pathId(c))
          return { body: ownerAnswer(owner, (yield* Cleanup).planDays) }
        }),
      ),
    )
    .patch("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const id = yield* pathId(c)
          const { name, plan, quota_bytes } = yield* body(c, OwnerChangeBody)
          const { dry_run } = yield* query(c, DryRunQuery)
          const limits = { plan, quotaBytes: quota_bytes }
          if (dry_run === "true") {
            return { body: changePreviewAnswer(yield* (yield* ChangePreview).ofOwner(id, limits)) }
          }
          const owner = yield* (yield* CameraRegistry).changeOwner(id, { name, ...limits })
          return { body: ownerAnswer(owner, (yield* Cleanup).planDays) }
        }),
        DryRunQuery,
      ),
    )
    .delete("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          yield* (yield* CameraRegistry).removeOwner(yield* pathId(c))
          return { status: 204 } as const
        }),
      ),
    )
