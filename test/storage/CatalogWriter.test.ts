import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { Catalog } from "../../src/storage/Catalog.ts"
import type { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { summary } from "./accounting/summaries.ts"
import { makeFakeStore } from "./fakeStore.ts"

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
      // About once a second, and so soon are the rows there when it returns.
      expect(state.attempts).toBeGreaterThan(550)
      expect(state.attempts).toBeLessThan(650)
      state.isAway = false
      yield* TestClock.adjust("1 second")
      expect(writes[0]?.batch.recordings.map(({ endMillis }) => endMillis)).toEqual([600_000])
      expect(yield* catalog.health).toMatchObject({ isDatabaseAnswering: true, pendingRows: 0 })
    })
  })

  it("writes a long backlog as one state, so that no reader and no crash finds a part of it", async () => {
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
      expect(writes.map(({ batch }) => batch.recordings.length)).toEqual([4500])
      expect(catalog.snapshot(1)).toMatchObject({ recordings: 4500, totalBytes: 4_500_000 })
    })
  })

  it("drops the oldest rows of a database that is away for ever, and counts them", async () => {
    const { writes, state, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      const catalog = yield* Catalog
      state.isAway = true
      const files = Array.from({ length: 50_003 }, (_, number) =>
        summary({
          number,
          startedAtMillis: number * 1000,
          endedAtMillis: number * 1000 + 1000,
          state: "closed",
        }),
      )
      yield* catalog.segmentsChanged(files)
      yield* TestClock.adjust("1 second")
      expect(yield* catalog.health).toMatchObject({ droppedRows: 3, pendingRows: 50_000 })
      state.isAway = false
      yield* TestClock.adjust("2 seconds")
      expect(writes[0]?.batch.recordings).toHaveLength(50_000)
      expect(writes[0]?.batch.recordings[0]?.segmentNumber).toBe(3)
      expect(yield* catalog.health).toMatchObject({ droppedRows: 3, pendingRows: 0 })
    })
  })

  it("goes on writing after a write that failed by a bug", async () => {
    const { writes, state, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      const catalog = yield* Catalog
      state.isBroken = true
      yield* catalog.cameraEnabled(1, 0)
      yield* TestClock.adjust("1 second")
      expect(state.attempts).toBeGreaterThan(0)
      state.isBroken = false
      yield* TestClock.adjust("2 seconds")
      expect(writes.map(({ batch }) => batch.periods.length)).toEqual([1])
    })
  })

  it("ends in time although the database hangs", async () => {
    const { state, layer } = makeFakeStore()
    const life = Effect.gen(function* () {
      yield* (yield* Catalog).cameraEnabled(1, 0)
      state.isHanging = true
    }).pipe(Effect.provide(layer))
    const startedAt = performance.now()
    await Effect.runPromise(life)
    expect(state.attempts).toBe(1)
    expect(performance.now() - startedAt).toBeLessThan(8000)
  })

  it("writes what is left when it is released", async () => {
    const { writes, layer } = makeFakeStore()
    await inSimulatedTime(layer, function* () {
      yield* (yield* Catalog).cameraEnabled(1, 0)
    })
    expect(writes.map(({ batch }) => batch.gaps.length)).toEqual([1])
  })
})
