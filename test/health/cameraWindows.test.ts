import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect, it } from "vitest"
import { coverage } from "../../src/domain/coverage.ts"
import { makeCameraWindows } from "../../src/health/CameraWindows.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { noFrames } from "../../src/storage/frameSums.ts"

const minute = 60_000
const day = 1_440 * minute
const cameras = Array.from({ length: 40 }, (_, at) => ({
  id: at + 1,
  createdAtMillis: 0,
  recordingEnabled: true,
}))

/** Cameras that are recorded from `recordedFromMillis` on; `asked` is told of each question. */
const fakeCatalog = (answerMillis: number, recordedFromMillis = 0, asked: Array<number> = []) =>
  Layer.mock(Catalog, {
    account: (cameraId, fromMillis, toMillis) => {
      asked.push(cameraId)
      const range = { fromMillis, toMillis }
      const recorded =
        toMillis <= recordedFromMillis
          ? []
          : [{ fromMillis: Math.max(fromMillis, recordedFromMillis), toMillis }]
      const facts = { range, enabledPeriods: [range], recorded, gaps: [] }
      const answer = { coverage: { ...coverage(facts), range, knownUntilMillis: toMillis }, frames: noFrames }
      return Effect.delay(Effect.succeed(answer), answerMillis)
    },
    snapshot: () => ({
      currentFile: null,
      latestFile: null,
      coveredUntilMillis: null,
      openGap: null,
      totalBytes: 0,
      recordings: 0,
    }),
    growingFiles: () => [],
    knownFiles: () => ({ busy: new Set(), unsettled: new Set(), remembered: new Map() }),
  })

/** A database that takes a second for each answer: 40 months take 20 minutes. */
const slowCatalog = fakeCatalog(1000)

it("does not leave the first seconds of a camera standing for its day and month", async () => {
  const asked: Array<number> = []
  const createdAtMillis = 100 * day
  const young = [{ id: 1, createdAtMillis, recordingEnabled: true }]
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* TestClock.setTime(createdAtMillis)
      const windows = yield* makeCameraWindows()
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(windows.refresh(young), Effect.sleep(5_000))))
      for (let at = 1; at <= 120; at += 1) {
        yield* TestClock.adjust(minute)
        const nowMillis = yield* Clock.currentTimeMillis
        const { hour, day: ofDay, month } = windows.of(1)
        for (const window of [hour, ofDay, month]) {
          const ageMillis = nowMillis - (window?.measuredAtMillis ?? 0)
          const livedMillis = nowMillis - createdAtMillis
          expect(ageMillis).toBeLessThanOrEqual(Math.max(15_000, 0.1 * livedMillis) + 5_000)
          // Three seconds passed before the first fragment.
          expect(window?.uptime).toBeGreaterThan(1 - 3_000 / (livedMillis - ageMillis - 1))
        }
        // What reaches back to the creation of the camera is one.
        expect([ofDay, month]).toEqual(at <= 60 ? [hour, hour] : [ofDay, ofDay])
      }
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(fakeCatalog(1, createdAtMillis + 3_000, asked), TestClock.layer())),
    ),
  )
  // Seldom all the same: each minute, but for the first of them.
  expect(asked.length).toBeLessThan(220)
})

it("does not ask all the time about a camera that was enabled for seconds and is not any more", async () => {
  const asked: Array<number> = []
  const stopped = [{ id: 1, createdAtMillis: 100 * day - 4_000, recordingEnabled: false }]
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* TestClock.setTime(100 * day)
      const windows = yield* makeCameraWindows()
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(windows.refresh(stopped), Effect.sleep(5_000))))
      yield* TestClock.adjust(10 * minute)
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(fakeCatalog(1, 0, asked), TestClock.layer()))),
  )
  expect(asked.length).toBeLessThanOrEqual(12)
})

it("keeps hours and days young while the months of many cameras are measured", async () => {
  const oldestMinutes = { hour: 0, day: 0 }
  let withMonth = 0
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* TestClock.setTime(100 * day + 7 * 60 * minute)
      const windows = yield* makeCameraWindows()
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(windows.refresh(cameras), Effect.sleep(5_000))))
      // The first hours and days.
      yield* TestClock.adjust(3 * minute)
      for (let at = 0; at < 90 && withMonth < cameras.length; at += 1) {
        yield* TestClock.adjust(minute)
        const nowMillis = yield* Clock.currentTimeMillis
        for (const name of ["hour", "day"] as const) {
          for (const { id } of cameras) {
            const ageMillis = nowMillis - (windows.of(id)[name]?.measuredAtMillis ?? 0)
            oldestMinutes[name] = Math.max(oldestMinutes[name], ageMillis / minute)
          }
        }
        withMonth = cameras.filter(({ id }) => windows.of(id).month !== null).length
      }
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(slowCatalog, TestClock.layer()))),
  )
  expect(withMonth).toBe(cameras.length)
  expect(oldestMinutes.hour).toBeLessThan(5)
  expect(oldestMinutes.day).toBeLessThan(15)
}, 60_000)
