import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { ClipExports } from "../clips/ClipExports.ts"
import type { Clip } from "../domain/Clip.ts"
import { ClipFaults } from "../repair/ClipFaults.ts"
import { Clips } from "../storage/Clips.ts"
import { instant } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { knownEnd } from "./knownEnd.ts"
import { noCameraIn } from "./FieldNotFound.ts"
import { body, pathUuid, query } from "./reading.ts"
import { ClipsQuery, NewClipBody } from "./requests.ts"

const progressOf = ({ id, state }: Clip) =>
  state === "ready" ? Effect.succeed(1) : Effect.map(ClipExports, (exports) => exports.progressOf(id))

/** What a look at the disk has found is told in place of `ready`: the clip is listed all the same. */
const stateOf = ({ id, state }: Clip) =>
  state === "ready" ? Effect.map(ClipFaults, (faults) => faults.of(id) ?? state) : Effect.succeed(state)

const clipAnswer = Effect.fnUntraced(function* (clip: Clip) {
  const { content } = clip
  return {
    id: clip.id,
    camera_id: clip.cameraId,
    name: clip.name,
    state: yield* stateOf(clip),
    progress: yield* progressOf(clip),
    error: clip.error,
    exact: clip.isExact,
    from: instant(clip.fromMillis),
    to: instant(clip.toMillis),
    starts_at: content === null ? null : instant(content.startMillis),
    ends_at: content === null ? null : instant(content.endMillis),
    duration: content?.durationSeconds ?? null,
    gaps:
      content?.gaps.map(({ fromMillis, toMillis, cause }) => ({
        from: instant(fromMillis),
        to: instant(toMillis),
        cause,
      })) ?? null,
    file_path: content === null ? null : clip.filePath,
    file_size: content?.sizeBytes ?? null,
    created_at: instant(clip.createdAtMillis),
  }
})

/** `/api/clips`: exports of ranges into files that nothing but `DELETE` here deletes. */
export const clipRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { camera_id, cursor, limit } = yield* query(c, ClipsQuery)
          const page = yield* (yield* Clips).list({
            cameraId: camera_id === undefined ? undefined : Number(camera_id),
            cursor,
            limit: Number(limit ?? 100),
          })
          return {
            body: { clips: yield* Effect.forEach(page.clips, clipAnswer), next_cursor: page.nextCursor },
          }
        }),
      ),
    )
    .post("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const asked = yield* body(c, NewClipBody)
          const clip = yield* (yield* ClipExports).request({
            cameraId: asked.camera_id,
            name: asked.name,
            fromMillis: Date.parse(asked.from),
            toMillis: yield* knownEnd(Date.parse(asked.to)),
            isExact: asked.exact ?? false,
          })
          return { status: 202, body: yield* clipAnswer(clip) } as const
        }).pipe(Effect.catchTag("CameraNotFound", noCameraIn("camera_id"))),
      ),
    )
    .get("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const clip = yield* (yield* Clips).get(yield* pathUuid(c))
          return { body: yield* clipAnswer(clip) }
        }),
      ),
    )
    .delete("/:id", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          yield* (yield* ClipExports).remove(yield* pathUuid(c))
          return { status: 204 } as const
        }),
      ),
    )
