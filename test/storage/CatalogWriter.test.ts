import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { Catalog } from "../../src/storage/Catalog.ts"
import { type CatalogBatch, type CatalogFacts, CatalogStore } from "../../src/storage/CatalogStore.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { summary } from "./accounting/summaries.ts"

interface Write {
  readonly batch: CatalogBatch
  readonly seenAtMillis: number | null
}

const noFacts: CatalogFacts = { recordings: [], gaps: [], periods: [] }

/** A database that counts writes and can go away; `attempts` includes those that failed. */
const makeFakeStore = () => {
  const writes: Array<Write> = []
  const state = { isAway: false, attempts: 0 }
  const unavailable = Effect.fail(new DatabaseUnavailable({ reason: "ConnectionError" }))
  const layer = Layer.succeed(
    CatalogStore,
    CatalogStore.of({
      seed: Effect.succeed({ lastSeenMillis: null, cameras: [] }),
      totals: Effect.succeed(new Map()),
      write: (batch, seenAtMillis) =>
        Effect.suspend(() => {
          state.attempts += 1
          if (state.isAway) return unavailable
          writes.push({ batch, seenAtMillis })
          return Effect.void
        }),
      facts: () => Effect.suspend(() => (state.isAway ? unavailable : Effect.succeed(noFacts))),
    }),
  )
  return { writes, state, layer: Layer.fresh(Catalog.layerNoDeps()).pipe(Layer.provide(layer)) }
}

const growing = (endedAtMillis: number) => summary({ startedAtMillis: 0, endedAtMillis })

const inSimulatedTime = (
  layer: Layer.Layer<Catalog, DatabaseUnavailable>,
  test: () => Generator<Effect.Effect<unknown, unknown, Catalog>, void, never>,
): Promise<void> =>
  Effect.runPromise(Effect.gen(test).pipe(Effect.provide(layer.pipe(Layer.provideMerge(TestClock.layer())))))

describe("Catalog and its database", () => {
  it("writes what began at once, what only grows every ten seconds, each row once", async () => {
    const { writes, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      const catalog = yield* Catalog
      yield* catalog.cameraEnabled(1, 0)
      yield* catalog.segmentsChanged([growing(1000)])
      expect(writes).toEqual([])
      yield* TestClock.adjust("250 millis")
      expect(writes).toHaveLength(1)
      expect(writes[0]?.batch.recordings).toHaveLength(1)
      expect(writes[0]?.batch.periods).toHaveLength(1)
      for (let second = 2; second <= 9; second += 1) {
        yield* catalog.segmentsChanged([growing(second * 1000)])
        yield* TestClock.adjust("1 second")
      }
      expect(writes).toHaveLength(1)
      yield* TestClock.adjust("2 seconds")
      expect(writes).toHaveLength(2)
      expect(writes[1]?.batch.recordings.map(({ endMillis }) => endMillis)).toEqual([9000])
    })
  })

  it("notes its presence only after it accounted for its absence", async () => {
    const { writes, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      const catalog = yield* Catalog
      yield* TestClock.adjust("11 seconds")
      expect(writes.map(({ seenAtMillis }) => seenAtMillis)).toEqual([null])
      yield* catalog.recover(11_000)
      yield* TestClock.adjust("21 seconds")
      expect(writes.map(({ seenAtMillis }) => seenAtMillis)).toEqual([null, 11_250, 21_250, 31_250])
    })
  })

  it("goes on in memory while the database is away, and catches up", async () => {
    const { writes, state, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      const catalog = yield* Catalog
      state.isAway = true
      yield* catalog.cameraEnabled(1, 0)
      for (let second = 1; second <= 600; second += 1) {
        yield* catalog.segmentsChanged([growing(second * 1000)])
        yield* TestClock.adjust("1 second")
      }
      expect(catalog.snapshot(1)).toMatchObject({
        currentFile: "cam_1/run-1/0.mp4",
        coveredUntilMillis: 600_000,
        openGap: null,
      })
      expect(yield* catalog.health).toMatchObject({ isDatabaseAnswering: false, pendingRows: 3 })
      expect(yield* Effect.flip(catalog.flush)).toMatchObject({ _tag: "DatabaseUnavailable" })
      expect(yield* Effect.flip(catalog.coverage(1, 0, 1000))).toMatchObject({ _tag: "DatabaseUnavailable" })
      // Tried again with growing patience: about every 30 s in the end, not every second.
      expect(state.attempts).toBeGreaterThan(15)
      expect(state.attempts).toBeLessThan(30)
      state.isAway = false
      yield* TestClock.adjust("31 seconds")
      expect(writes[0]?.batch.recordings.map(({ endMillis }) => endMillis)).toEqual([600_000])
      expect(yield* catalog.health).toMatchObject({ isDatabaseAnswering: true, pendingRows: 0 })
    })
  })

  it("writes a long backlog in pieces", async () => {
    const { writes, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      const catalog = yield* Catalog
      yield* catalog.segmentsChanged(
        Array.from({ length: 4500 }, (_, number) =>
          summary({
            number,
            startedAtMillis: number * 1000,
            endedAtMillis: number * 1000 + 1000,
            state: "closed",
          }),
        ),
      )
      yield* catalog.flush
      expect(writes.map(({ batch }) => batch.recordings.length)).toEqual([2000, 2000, 500])
      expect(catalog.snapshot(1)).toMatchObject({ recordings: 4500, totalBytes: 4_500_000 })
    })
  })

  it("writes what is left when it is released", async () => {
    const { writes, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      yield* (yield* Catalog).cameraEnabled(1, 0)
    })
    expect(writes.map(({ batch }) => batch.gaps.length)).toEqual([1])
  })
})
