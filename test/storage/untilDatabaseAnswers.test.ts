import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { expect, it } from "vitest"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { untilDatabaseAnswers } from "../../src/storage/untilDatabaseAnswers.ts"

/** A log as lines. */
const makeLog = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    lines.push(`${logLevel} ${Array.isArray(message) ? message.join(" ") : String(message)}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}

it("tries every second without end, and says so at once and then every 30 s", async () => {
  const { lines, layer } = makeLog()
  let tries = 0
  let isAway = true
  const call = Effect.suspend(() => {
    tries += 1
    return isAway ? Effect.fail(new DatabaseUnavailable({ reason: "ECONNREFUSED" })) : Effect.succeed("rows")
  })
  await Effect.runPromise(
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(call.pipe(untilDatabaseAnswers("The database at db:5432")))
      yield* TestClock.adjust("1 hour")
      expect(tries).toBe(3601)
      expect(lines).toHaveLength(121)
      isAway = false
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toBe("rows")
    }).pipe(Effect.provide(Layer.mergeAll(layer, TestClock.layer()))),
  )
  expect(lines.slice(0, 2)).toEqual([
    "Warn The database at db:5432 does not answer (ECONNREFUSED): waiting for it",
    "Warn The database at db:5432 does not answer for 30 s (ECONNREFUSED): waiting for it",
  ])
  expect(lines.at(-1)).toBe("Info The database at db:5432 answers, after 3601 s")
})

it("does not wait for what waiting cannot cure, and says nothing about a call that works", async () => {
  const { lines, layer } = makeLog()
  const patiently = untilDatabaseAnswers("The database")
  const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(effect.pipe(Effect.provide(layer)))
  expect(await run(Effect.flip(patiently(Effect.fail("a bad migration"))))).toBe("a bad migration")
  expect(await run(patiently(Effect.succeed(1)))).toBe(1)
  expect(lines).toEqual([])
})
