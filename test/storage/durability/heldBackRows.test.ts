import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect, it } from "vitest"
import { Catalog } from "../../../src/storage/Catalog.ts"
import type { CatalogBatch } from "../../../src/storage/catalogBatch.ts"
import { CatalogStore } from "../../../src/storage/CatalogStore.ts"
import { noFrames } from "../../../src/storage/frameSums.ts"
import { summary } from "../accounting/summaries.ts"

/** Takes every batch into `writes`. */
const storeOf = (writes: Array<CatalogBatch>) =>
  Layer.succeed(
    CatalogStore,
    CatalogStore.of({
      ping: Effect.void,
      takeOver: () => Effect.succeed({ leftRows: "none", refused: [] }),
      writeApart: () => Effect.succeed([]),
      seed: Effect.succeed({ lastSeenMillis: null, cameras: [] }),
      totals: Effect.succeed(new Map()),
      write: (batch) => Effect.sync(() => void writes.push(batch)),
      facts: () => Effect.succeed({ recordings: [], gaps: [], periods: [] }),
      frames: () => Effect.succeed(noFrames),
    }),
  )

it("writes everything but the rows that are held back, which follow with the next flush", () => {
  const writes: Array<CatalogBatch> = []
  let isDiskHanging = true
  const committable = (batch: CatalogBatch) =>
    Effect.succeed({
      ...batch,
      recordings: batch.recordings.filter(({ segmentNumber }) => !isDiskHanging || segmentNumber === 0),
    })
  const layer = Catalog.layerNoDeps({ committable }).pipe(
    Layer.provide(storeOf(writes)),
    Layer.provideMerge(TestClock.layer()),
  )
  return Effect.runPromise(
    Effect.gen(function* () {
      const catalog = yield* Catalog
      const files = Array.from({ length: 4500 }, (_, number) =>
        summary({
          number,
          startedAtMillis: number * 1000,
          endedAtMillis: number * 1000 + 1000,
          state: "closed",
        }),
      )
      yield* catalog.cameraEnabled(1, 0)
      yield* catalog.segmentsChanged(files)
      yield* catalog.recover(4_500_000)
      yield* catalog.flush
      expect(writes).toHaveLength(1)
      expect(writes[0]?.recordings.map(({ segmentNumber }) => segmentNumber)).toEqual([0])
      expect(writes[0]?.periods).toHaveLength(1)
      expect((yield* catalog.health).pendingRows).toBe(4499)
      expect(catalog.snapshot(1)).toMatchObject({ recordings: 4500, totalBytes: 4_500_000 })

      yield* catalog.outageBegan(1, "camera_unreachable", null, 4_501_000)
      yield* TestClock.adjust("250 millis")
      expect(writes[1]).toMatchObject({ recordings: [], gaps: [{ cause: "camera_unreachable" }] })

      isDiskHanging = false
      yield* TestClock.adjust("10 seconds")
      expect(writes.slice(2).map(({ recordings }) => recordings.length)).toEqual([4499])
      expect((yield* catalog.health).pendingRows).toBe(0)
    }).pipe(Effect.provide(layer)),
  )
})

it("waits at the end for rows that the disk still holds back, as while a sync is under way that another flush began", async () => {
  const writes: Array<CatalogBatch> = []
  let looks = 0
  const committable = (batch: CatalogBatch) =>
    Effect.sync(() => {
      looks += 1
      return looks < 3 ? { ...batch, recordings: [] } : batch
    })
  const layer = Catalog.layerNoDeps({ committable }).pipe(Layer.provide(storeOf(writes)))
  await Effect.runPromise(
    Effect.gen(function* () {
      const catalog = yield* Catalog
      yield* catalog.cameraEnabled(1, 0)
      yield* catalog.segmentsChanged([
        summary({ number: 0, startedAtMillis: 0, endedAtMillis: 1000, state: "closed" }),
      ])
    }).pipe(Effect.provide(layer)),
  )
  expect(writes.map(({ recordings }) => recordings.length)).toEqual([0, 0, 1])
})
