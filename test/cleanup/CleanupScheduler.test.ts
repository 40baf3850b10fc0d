import * as Clock from "effect/Clock"
import type * as Cron from "effect/Cron"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { Cleanup } from "../../src/cleanup/Cleanup.ts"
import { CleanupScheduler } from "../../src/cleanup/CleanupScheduler.ts"
import { Deletion } from "../../src/cleanup/Deletion.ts"
import { schedule } from "../../src/config/schedule.ts"
import { retentionDays } from "../../src/domain/Plan.ts"
import { CleanupPasses } from "../../src/storage/CleanupPasses.ts"

/** A scheduler on a clock of the test, and the passes that it began, as `instant reason`. */
const scheduler = (cron: Cron.Cron, options: { cleanSince: string | null; failures?: number }) => {
  const began: Array<string> = []
  let sinceMillis = options.cleanSince === null ? null : Date.parse(options.cleanSince)
  let failures = options.failures ?? 0
  let finished = 0
  const services = Layer.mergeAll(
    Layer.mock(Cleanup, {
      planDays: retentionDays,
      noteTime: Effect.void,
      run: (reason) =>
        Effect.map(Clock.currentTimeMillis, (nowMillis) => {
          began.push(`${new Date(nowMillis).toISOString()} ${reason}`)
          failures -= 1
          if (failures >= 0) return false
          sinceMillis = nowMillis
          return true
        }),
    }),
    Layer.mock(CleanupPasses, { cleanSince: () => Effect.sync(() => sinceMillis) }),
    Layer.mock(Deletion, {
      keptBack: () => new Set(),
      finishInterrupted: () =>
        Effect.sync(() => {
          finished += 1
        }),
    }),
  )
  return {
    began,
    finished: () => finished,
    layer: CleanupScheduler.layerNoDeps(cron).pipe(Layer.provide(services)),
  }
}

const newYork = (expression: string) =>
  schedule({ TZ: "America/New_York", RECORDING_CLEANUP_CRON: expression }, "RECORDING_CLEANUP_CRON", "")

/** Lives from one instant to another; answers which passes began. */
const live = (
  cron: Cron.Cron,
  options: { from: string; to: string; cleanSince: string | null; failures?: number },
): Promise<{ readonly began: ReadonlyArray<string>; readonly finished: number }> => {
  const { began, finished, layer } = scheduler(cron, options)
  const life = Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(options.from))
    yield* (yield* CleanupScheduler).begin
    const minutes = (Date.parse(options.to) - Date.parse(options.from)) / 60_000
    for (let minute = 0; minute < minutes; minute++) yield* TestClock.adjust("1 minute")
    return { began, finished: finished() }
  })
  return Effect.runPromise(life.pipe(Effect.provide(Layer.provideMerge(layer, TestClock.layer()))))
}

describe("the schedule", () => {
  it("begins a pass every day at its time, in its zone", async () => {
    const { began, finished } = await live(newYork("0 3 * * *"), {
      from: "2026-01-10T12:00:00Z",
      to: "2026-01-13T12:00:00Z",
      cleanSince: "2026-01-10T08:00:00Z",
    })
    expect(began).toEqual([
      "2026-01-11T08:00:00.000Z schedule",
      "2026-01-12T08:00:00.000Z schedule",
      "2026-01-13T08:00:00.000Z schedule",
    ])
    expect(finished).toBe(1)
  })

  it.each([
    ["0 3 * * *", "2026-03-07T12:00:00Z", ["2026-03-08T07:00", "2026-03-09T07:00"]],
    ["0 3 * * *", "2026-10-31T12:00:00Z", ["2026-11-01T08:00", "2026-11-02T08:00"]],
    // That half past two does not exist: it is the instant after the change.
    ["30 2 * * *", "2026-03-07T12:00:00Z", ["2026-03-08T07:30", "2026-03-09T06:30"]],
    // This half past one exists twice.
    ["30 1 * * *", "2026-10-31T12:00:00Z", ["2026-11-01T05:30", "2026-11-02T06:30"]],
  ])("%s from %s runs once a day, also where the clocks change", async (expression, from, expected) => {
    const to = new Date(Date.parse(from) + 48 * 3_600_000).toISOString()
    const { began } = await live(newYork(expression), { from, to, cleanSince: from })
    expect(began).toEqual(expected.map((minute) => `${minute}:00.000Z schedule`))
  })

  it("catches up at the start what was missed, once", async () => {
    const { began } = await live(newYork("0 3 * * *"), {
      from: "2026-01-10T12:00:00Z",
      to: "2026-01-11T09:00:00Z",
      cleanSince: "2026-01-07T08:00:00Z",
    })
    expect(began).toEqual(["2026-01-10T12:00:00.000Z missed", "2026-01-11T08:00:00.000Z schedule"])
  })

  it("begins nothing for nobody", async () => {
    const { began } = await live(newYork("0 3 * * *"), {
      from: "2026-01-10T07:00:00Z",
      to: "2026-01-10T09:00:00Z",
      cleanSince: null,
    })
    expect(began).toEqual([])
  })

  it("tries a pass again that could not do its work", async () => {
    const { began } = await live(newYork("0 3 * * *"), {
      from: "2026-01-10T07:59:00Z",
      to: "2026-01-10T09:00:00Z",
      cleanSince: "2026-01-09T08:00:00Z",
      failures: 2,
    })
    expect(began).toEqual([
      "2026-01-10T08:00:00.000Z schedule",
      "2026-01-10T08:10:00.000Z schedule",
      "2026-01-10T08:20:00.000Z schedule",
    ])
  })
})
