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
const cameras = Array.from({ length: 40 }, (_, at) => ({ id: at + 1, createdAtMillis: 0 }))

/** A database that takes a second for each answer: 40 months take 20 minutes. */
const slowCatalog = Layer.mock(Catalog, {
  account: (_cameraId, fromMillis, toMillis) => {
    const range = { fromMillis, toMillis }
    const facts = { range, enabledPeriods: [range], recorded: [range], gaps: [] }
    const answer = { coverage: { ...coverage(facts), range, knownUntilMillis: toMillis }, frames: noFrames }
    return Effect.delay(Effect.succeed(answer), 1000)
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
