import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect, it } from "vitest"
import { forgetOld } from "../../src/alerts/forgetOld.ts"
import type { Span } from "../../src/domain/Segment.ts"
import { StoredAlerts } from "../../src/storage/Alerts.ts"

const nowMillis = Date.parse("2027-01-14T15:00:00Z")

it("deletes what ended more than a year ago in batches, none while the clock may be wrong", async () => {
  const asked: Array<readonly [string, number]> = []
  let left = 2_500
  let clockSteps: ReadonlyArray<Span> = [{ fromMillis: 0, toMillis: nowMillis }]
  const stored = StoredAlerts.of({
    save: () => Effect.void,
    list: () => Effect.succeed([]),
    standing: Effect.succeed([]),
    get: () => Effect.succeed(null),
    forget: (beforeMillis, limit) =>
      Effect.sync(() => {
        asked.push([new Date(beforeMillis).toISOString(), limit])
        const gone = Math.min(left, limit)
        left -= gone
        return gone
      }),
  })
  const cleanup = { state: Effect.sync(() => ({ running: null, passes: [], clockSteps, future: null })) }
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* TestClock.setTime(nowMillis - 7_200_000)
      yield* Effect.forkScoped(forgetOld(stored, cleanup))
      yield* TestClock.adjust("1 hour")
      expect(asked).toEqual([])
      clockSteps = []
      yield* TestClock.adjust("1 hour")
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer())),
  )
  expect(left).toBe(0)
  expect(asked).toEqual(Array.from({ length: 3 }, () => ["2026-01-14T15:00:00.000Z", 1000]))
})
