import { writeFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Cameras } from "../../../src/storage/Cameras.ts"
import { Catalog } from "../../../src/storage/Catalog.ts"
import { summary } from "../accounting/summaries.ts"
import { addCamera, addOwner, RebuildScene, rememberAll } from "./RebuildScene.ts"

const createdAt = "2026-01-14T12:00:00.000Z"
const beganAt = "2026-01-14T15:00:00.000Z"
const endedAt = "2026-01-14T15:59:59.900Z"
const startedAt = "2026-01-14T16:30:00.000Z"
const filePath = "cam_1/2026-01-14/15-00-00.mp4"

/** The account of a camera until the start after the loss, as `from cause`. */
const spansOf = Effect.fn("spansOf")(function* (cameraId: number) {
  const { spans } = yield* (yield* Catalog).coverage(cameraId, Date.parse(createdAt), Date.parse(startedAt))
  return spans.map(
    (span) => `${new Date(span.fromMillis).toISOString()} ${span.kind === "gap" ? span.cause : span.kind}`,
  )
})

describe("the account of a camera after its database was lost", () => {
  let scene: RebuildScene
  beforeEach(async () => {
    scene = await RebuildScene.make()
    await scene.life(
      Effect.gen(function* () {
        const owner = yield* addOwner("Ana", "pro")
        yield* addCamera(owner.id, "door")
        yield* (yield* Cameras).setEnabled((yield* addCamera(owner.id, "gate")).id, false)
        yield* rememberAll
      }),
    )
    for (const id of [1, 2]) {
      const file = JSON.parse(scene.cameraText(id))
      writeFileSync(scene.path(`cam_${id}/.camera`), JSON.stringify({ ...file, created_at: createdAt }))
      scene.write(`cam_${id}/2026-01-14/15-00-00.mp4`, "", Date.parse(endedAt))
    }
    await scene.loseDatabase()
  })
  afterEach(() => scene.remove())

  it("is unknown up to the newest recording and without service after it, while no file was looked at", async () => {
    const spans = await scene.life(
      Effect.gen(function* () {
        yield* (yield* Catalog).recover(Date.parse(startedAt))
        return [yield* spansOf(1), yield* spansOf(2)]
      }).pipe(Effect.provide(Catalog.layer())),
    )
    expect(spans).toEqual([
      [`${createdAt} unknown`, `${endedAt} service_down`],
      [`${createdAt} unknown`, `${endedAt} stopped`],
    ])
  })

  it("is recorded where files are, whether they are found before or after the absence is accounted for", async () => {
    const file = summary({
      filePath,
      startedAtMillis: Date.parse(beganAt),
      endedAtMillis: Date.parse(endedAt),
      state: "closed",
    })
    const expected = [`${createdAt} unknown`, `${beganAt} recorded`, `${endedAt} service_down`]
    const account = (isFoundFirst: boolean) =>
      scene.life(
        Effect.gen(function* () {
          const catalog = yield* Catalog
          if (isFoundFirst) yield* catalog.segmentsChanged([file])
          yield* catalog.recover(Date.parse(startedAt))
          if (!isFoundFirst) yield* catalog.segmentsChanged([file])
          const spans = yield* spansOf(1)
          yield* catalog.flush
          return [spans, yield* spansOf(1)]
        }).pipe(Effect.provide(Catalog.layer())),
      )
    expect(await account(true)).toEqual([expected, expected])
    await scene.loseDatabase()
    expect(await account(false)).toEqual([expected, expected])
  })
})
