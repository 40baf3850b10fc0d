import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect, it } from "vitest"
import { schedule } from "../../src/config/schedule.ts"
import { makeCleanupWatch } from "../../src/health/CleanupWatch.ts"
import { type CleanupPass, CleanupPasses } from "../../src/storage/CleanupPasses.ts"

const daily = schedule({ TZ: "UTC", RECORDING_CLEANUP_CRON: "0 3 * * *" }, "RECORDING_CLEANUP_CRON", "")
const weekly = schedule({ TZ: "UTC", RECORDING_CLEANUP_CRON: "0 3 * * 1" }, "RECORDING_CLEANUP_CRON", "")

const pass = (change: Partial<CleanupPass>): CleanupPass => ({
  id: 1,
  reason: "schedule",
  startedAtMillis: 0,
  endedAtMillis: 1,
  isComplete: true,
  cameras: 0,
  files: 0,
  bytes: 0,
  errors: 0,
  heldBack: 0,
  errorList: [],
  ...change,
})

const monday = "2026-01-12T03:00:00Z"

const isFailing = (options: {
  readonly cleanSince: string | null
  readonly now: string
  readonly passes: ReadonlyArray<CleanupPass>
  readonly cron?: typeof daily
}): Promise<boolean> =>
  Effect.runPromise(
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse(options.now))
      const watch = yield* makeCleanupWatch(options.cron ?? daily)
      yield* watch.look
      return watch.health().isFailing
    }).pipe(
      Effect.provide(
        Layer.merge(
          TestClock.layer(),
          Layer.mock(CleanupPasses, {
            cleanSince: () =>
              Effect.succeed(options.cleanSince === null ? null : Date.parse(options.cleanSince)),
            lastCompleteMillis: Effect.succeed(null),
            last: () => Effect.succeed(options.passes),
          }),
        ),
      ),
    ),
  )

it("fails with the last pass that ended, and not with one that runs", async () => {
  const now = "2026-01-12T12:00:00Z"
  const of = (passes: ReadonlyArray<CleanupPass>) => isFailing({ cleanSince: monday, now, passes })
  expect(await of([pass({})])).toBe(false)
  expect(await of([pass({ errors: 1 }), pass({})])).toBe(true)
  // As one does that ended early: why is among its errors.
  expect(await of([pass({ isComplete: false, errors: 1 }), pass({})])).toBe(true)
  expect(await of([pass({ endedAtMillis: null, isComplete: false }), pass({})])).toBe(false)
})

it("does not judge by a pass that somebody cancelled", async () => {
  const now = "2026-01-12T12:00:00Z"
  const of = (passes: ReadonlyArray<CleanupPass>) => isFailing({ cleanSince: monday, now, passes })
  const cancelled = pass({ reason: "asked", isComplete: false, files: 5 })
  expect(await of([cancelled, pass({})])).toBe(false)
  expect(await of([cancelled, cancelled, pass({ errors: 1 }), pass({})])).toBe(true)
  expect(await of([cancelled])).toBe(false)
  // Still nothing is cleaned up: it is overdue.
  expect(
    await isFailing({ cleanSince: monday, now: "2026-01-14T04:00:01Z", passes: [cancelled, pass({})] }),
  ).toBe(true)
})

it("is overdue 25 h after the time that the schedule names, and not before", async () => {
  const at = (now: string, cron = daily) => isFailing({ cleanSince: monday, now, passes: [pass({})], cron })
  expect(await at("2026-01-14T04:00:00Z")).toBe(false)
  expect(await at("2026-01-14T04:00:01Z")).toBe(true)
  expect(await at("2026-01-18T12:00:00Z", weekly)).toBe(false)
  expect(await isFailing({ cleanSince: null, now: "2026-01-14T04:00:01Z", passes: [] })).toBe(false)
})
