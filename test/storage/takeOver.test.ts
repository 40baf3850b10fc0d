import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { CatalogStore } from "../../src/storage/CatalogStore.ts"
import type { LeftRows } from "../../src/storage/catalogWrites.ts"
import { leftRows } from "./leftRows.ts"
import { batchOf, forgetAll, gap, lastSeen, storedGaps, TakeOverScene } from "./TakeOverScene.ts"

describe("rows that an earlier life left", () => {
  let scene: TakeOverScene
  beforeAll(async () => {
    scene = await TakeOverScene.make()
  })
  afterAll(() => scene.dispose())
  beforeEach(() => scene.run(forgetAll))
  const run: TakeOverScene["run"] = (effect) => scene.run(effect)

  const life = randomUUID()

  it("are stored once, with the time until which that life was there", async () => {
    await run(
      Effect.gen(function* () {
        const store = yield* CatalogStore
        yield* store.takeOver(life, null)
        const next = randomUUID()
        const left = leftRows({ life, gaps: 4500 })
        expect(yield* store.takeOver(next, left)).toEqual({ leftRows: "written", refused: [] })
        expect((yield* storedGaps).size).toBe(4500)
        expect(yield* lastSeen).toBe(90_000)
        // The answer was lost, and it asks again.
        expect(yield* store.takeOver(next, left)).toEqual({ leftRows: "written", refused: [] })
        expect((yield* storedGaps).size).toBe(4500)
        // The file could not be removed, and the next life finds it.
        expect(yield* store.takeOver(randomUUID(), left)).toEqual({ leftRows: "foreign", refused: [] })
      }),
    )
  })

  it("change nothing when their life stored a later state: a crash came between the write and the removal", async () => {
    await run(
      Effect.gen(function* () {
        const store = yield* CatalogStore
        yield* store.takeOver(life, null)
        const note = { life, stateNumber: 8, seenAtMillis: 95_000 }
        yield* store.write(batchOf([gap("outage/1/0", 7777)]), note)
        const left = leftRows({ life, stateNumber: 7, gaps: 2 })
        expect(yield* store.takeOver(randomUUID(), left)).toEqual({ leftRows: "stale", refused: [] })
        expect(yield* storedGaps).toEqual(new Map([["outage/1/0", 7777]]))
        expect(yield* lastSeen).toBe(95_000)
      }),
    )
  })

  it("are stored although the answer to an earlier write was lost", async () => {
    await run(
      Effect.gen(function* () {
        const store = yield* CatalogStore
        yield* store.takeOver(life, null)
        yield* store.write(batchOf([gap("outage/1/0", 1)]), { life, stateNumber: 6, seenAtMillis: 80_000 })
        const left = leftRows({ life, stateNumber: 7, gaps: 2 })
        expect(yield* store.takeOver(randomUUID(), left)).toEqual({ leftRows: "written", refused: [] })
        expect([...(yield* storedGaps).values()]).toEqual([3000, 3001])
      }),
    )
  })

  it("are stored in a database that was rebuilt", async () => {
    await run(
      Effect.gen(function* () {
        const taken = yield* (yield* CatalogStore).takeOver(randomUUID(), leftRows({ life, gaps: 1 }))
        expect(taken).toEqual({ leftRows: "written", refused: [] })
      }),
    )
  })

  it("of a camera that is gone do not keep back those of the others", async () => {
    await run(
      Effect.gen(function* () {
        const store = yield* CatalogStore
        yield* store.takeOver(life, null)
        const gone = leftRows({ cameraId: 77, gaps: 1 }).rows
        const { rows, ...note } = leftRows({ life, gaps: 2 })
        const left: LeftRows = {
          ...note,
          rows: {
            recordings: [...gone.recordings, ...rows.recordings],
            gaps: [...gone.gaps, ...rows.gaps],
            periods: [...gone.periods, ...rows.periods],
          },
        }
        expect(yield* store.takeOver(randomUUID(), left)).toMatchObject({
          leftRows: "written",
          refused: [{ cameraId: 77, reason: expect.stringContaining("foreign key") }],
        })
        expect((yield* storedGaps).size).toBe(2)
      }),
    )
  })
})
