import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Delivery } from "../../src/delivery/Delivery.ts"
import { WebhookFault } from "../../src/delivery/Webhooks.ts"
import { DeliveryWorld } from "./DeliveryWorld.ts"
import { notificationOf, uuid } from "./notifications.ts"

const down = new WebhookFault({ message: "it answers 500", isRefusal: false, askedMillis: null })
const mostMinutes = 500

/**
 * A life that ends at a step as a power cut ends it: nothing of it goes on, and nothing is tidied up.
 *
 * Whoever sends goes on with what is not yet known to be on disk, as the alerts do. Answers whether the life came to its end.
 */
const liveUntil = (world: DeliveryWorld, crashAtStep: number, unsent: Array<number>): Promise<boolean> => {
  let steps = 0
  const step = Effect.suspend(() => {
    steps += 1
    return steps > crashAtStep ? Effect.never : Effect.void
  })
  const life = Effect.gen(function* () {
    // Never closed: a crash tidies nothing up.
    const scope = yield* Scope.make()
    const delivery = Context.get(yield* Layer.buildWithScope(world.layer(step), scope), Delivery)
    yield* Effect.forkDetach(
      Effect.forEach([...unsent], (number) =>
        delivery
          .send(notificationOf(number))
          .pipe(
            Effect.repeat({ until: (isSafe) => isSafe, schedule: Schedule.spaced("1 second") }),
            Effect.andThen(Effect.sync(() => unsent.shift())),
          ),
      ).pipe(Effect.provide(Logger.layer([]))),
    )
    for (let minute = 0; minute < mostMinutes; minute += 1) {
      yield* TestClock.adjust("1 minute")
      if (steps > crashAtStep) return false
      if (unsent.length === 0 && (yield* delivery.pending) === 0) return true
    }
    throw new Error("neither done nor crashed")
  })
  return Effect.runPromise(life.pipe(Effect.provide(TestClock.layer())))
}

describe("crashes between any two steps", () => {
  it("lose no notification, and repeat one at most once per crash", async () => {
    const crashes = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 6 })
    const failures = fc.array(fc.boolean(), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        crashes,
        failures,
        async (count, crashSteps, failing) => {
          const world = new DeliveryWorld()
          const script = [...failing]
          world.answer = () => (script.shift() === true ? down : null)
          const all = Array.from({ length: count }, (_, index) => index + 1)
          const unsent = [...all]
          let crashed = 0
          for (const steps of crashSteps) if (!(await liveUntil(world, steps, unsent))) crashed += 1
          expect(await liveUntil(world, Number.POSITIVE_INFINITY, unsent)).toBe(true)
          const taken = [...new Set(world.taken)]
          // Five failures in a row let the next one go ahead.
          const isOrdered = failing.filter((isFailing) => isFailing).length < 5
          expect(isOrdered ? taken : taken.toSorted()).toEqual(all.map(uuid))
          expect(world.taken.length).toBeLessThanOrEqual(count + crashed)
          expect(world.disk.size).toBe(0)
        },
      ),
      { seed: 11, numRuns: 150 },
    )
  }, 120_000)

  it("are of every kind: a run of one notification has each step as its end", async () => {
    const outcomes: Array<string> = []
    for (let step = 0; step <= 6; step += 1) {
      const world = new DeliveryWorld()
      const unsent = [1]
      const isDone = await liveUntil(world, step, unsent)
      outcomes.push(
        `${step}: sent ${1 - unsent.length}, file ${world.disk.size}, taken ${world.taken.length}, ${isDone}`,
      )
      await liveUntil(world, Number.POSITIVE_INFINITY, unsent)
      expect(new Set(world.taken)).toEqual(new Set([uuid(1)]))
    }
    expect(outcomes).toEqual([
      "0: sent 0, file 0, taken 0, false",
      "1: sent 0, file 1, taken 0, false",
      "2: sent 1, file 1, taken 0, false",
      "3: sent 1, file 1, taken 1, false",
      "4: sent 1, file 1, taken 1, false",
      "5: sent 1, file 0, taken 1, false",
      "6: sent 1, file 0, taken 1, true",
    ])
  })
})
