import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Owners } from "../storage/Owners.ts"
import { CameraRegistry } from "../supervision/CameraRegistry.ts"
import { ownerAnswer } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { NewOwnerBody, OwnerChangeBody, body, pathId } from "./requests.ts"

/** `/api/owners`: who has cameras, and under which plan. */
export const ownerRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const owners = yield* (yield* Owners).list
          return { body: { owners: owners.map(ownerAnswer) } }
        }),
      ),
    )
    .post("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const owner = yield* (yield* Owners).create(yield* body(c, NewOwnerBody))
          return { status: 201, body: ownerAnswer(owner) } as const
        }),
      ),
    )
    .get("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          return { body: ownerAnswer(yield* (yield* Owners).get(yield* pathId(c))) }
        }),
      ),
    )
    .patch("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const id = yield* pathId(c)
          const change = yield* body(c, OwnerChangeBody)
          return { body: ownerAnswer(yield* (yield* CameraRegistry).changeOwner(id, change)) }
        }),
      ),
    )
    .delete("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          yield* (yield* Owners).remove(yield* pathId(c))
          return { status: 204 } as const
        }),
      ),
    )
