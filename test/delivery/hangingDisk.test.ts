import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { Delivery } from "../../src/delivery/Delivery.ts"
import { WebhookFault } from "../../src/delivery/Webhooks.ts"
import { DeliveryWorld } from "./DeliveryWorld.ts"
import { notificationOf, uuid } from "./notifications.ts"

const down = new WebhookFault({ message: "it answers 503", isRefusal: false, askedMillis: null })
const noAnswer =
  "the outbox cannot be used: the state disk does not answer; notifications are kept in memory until it can"

/** Sends all, one after another, and answers what each was told, once the time has passed. */
const sendFor = Effect.fnUntraced(function* (minutes: number, ...numbers: ReadonlyArray<number>) {
  const delivery = yield* Delivery
  const sending = yield* Effect.forkChild(
    Effect.forEach(numbers, (number) => delivery.send(notificationOf(number))),
  )
  // What happens at once comes before any time passes.
  yield* Effect.repeat(Effect.yieldNow, { times: 100 })
  yield* TestClock.adjust(minutes * 60_000)
  return yield* Fiber.join(sending)
})

const state = Effect.flatMap(Delivery, ({ pending, faults }) =>
  Effect.map(Effect.all([pending, faults]), ([count, { outbox }]) => ({ pending: count, outbox })),
)

describe("a state disk that hangs", () => {
  it("while it writes: all is delivered at once, once, and what waits for it is said", async () => {
    const world = new DeliveryWorld()
    world.hanging = new Set(["write"])
    await world.live(
      Effect.gen(function* () {
        // What is delivered has nothing to lose any more.
        expect(yield* sendFor(60, 1, 2, 3)).toEqual([true, false, false])
        expect(yield* sendFor(1, 2, 3)).toEqual([true, true])
        expect(world.tries.map(({ id }) => id)).toEqual([1, 2, 3].map(uuid))
        expect(world.tries[0]?.atMillis).toBe(0)
        // The courier waits for the first, and for no other.
        expect(world.tries.at(-1)?.atMillis).toBeLessThanOrEqual(3_000)
        expect(yield* state).toMatchObject({ pending: 0, outbox: { error: expect.any(String) } })
        expect(world.writes).toBe(1)
        world.release()
        yield* TestClock.adjust("10 seconds")
        expect(yield* state).toEqual({ pending: 0, outbox: null })
      }),
    )
    expect(world.disk.size).toBe(0)
    expect(world.taken).toHaveLength(3)
    expect(world.lines).toEqual([noAnswer, "the outbox is on disk again"])
  })

  it("while nobody takes them: each answer is false until the disk has it", async () => {
    const world = new DeliveryWorld()
    world.hanging = new Set(["write"])
    world.answer = () => down
    await world.live(
      Effect.gen(function* () {
        expect(yield* sendFor(1, 1, 2, 3)).toEqual([false, false, false])
        expect(yield* sendFor(1, 1, 2, 3)).toEqual([false, false, false])
        expect(yield* state).toMatchObject({ pending: 3 })
        expect(world.writes).toBe(1)
        world.release()
        yield* TestClock.adjust("10 seconds")
        expect([...world.disk.keys()]).toEqual([1, 2, 3].map(uuid))
        expect(yield* sendFor(0, 1, 2, 3)).toEqual([true, true, true])
        expect(yield* state).toEqual({ pending: 3, outbox: null })
      }),
    )
  })

  it("what was delivered meanwhile is not delivered again when it is sent again", async () => {
    const world = new DeliveryWorld()
    world.hanging = new Set(["write"])
    world.answer = (_id, nowMillis) => (nowMillis < 60_000 ? down : null)
    await world.live(
      Effect.gen(function* () {
        expect(yield* sendFor(0.5, 1, 2)).toEqual([false, false])
        yield* TestClock.adjust("10 minutes")
        expect(yield* sendFor(1, 1, 2)).toEqual([true, true])
      }),
    )
    expect(world.taken).toEqual([1, 2].map(uuid))
  })

  it("while 1,100 are delivered, counts none of them as waiting for it", async () => {
    const world = new DeliveryWorld()
    world.hanging = new Set(["write"])
    await world.live(
      Effect.gen(function* () {
        for (let number = 1; number <= 1_100; number += 1) yield* sendFor(0.1, number)
        expect(yield* state).toMatchObject({ pending: 0 })
        world.release()
        yield* TestClock.adjust("10 seconds")
      }),
    )
    expect(world.taken).toHaveLength(1_100)
    expect(world.lines).toEqual([noAnswer, "the outbox is on disk again"])
  })

  it("while it removes: nothing is delivered twice, and the files go when it answers", async () => {
    const world = new DeliveryWorld()
    world.hanging = new Set(["remove"])
    await world.live(
      Effect.gen(function* () {
        yield* sendFor(60, 1, 2, 3)
        expect(world.taken).toEqual([1, 2, 3].map(uuid))
        expect(yield* state).toMatchObject({ pending: 0, outbox: { error: expect.any(String) } })
        world.release()
        yield* TestClock.adjust("10 seconds")
        expect(yield* state).toEqual({ pending: 0, outbox: null })
      }),
    )
    expect(world.taken).toHaveLength(3)
    expect(world.disk.size).toBe(0)
  })

  it("while it reads: what is in memory is delivered, and the rest when it answers", async () => {
    const world = new DeliveryWorld()
    for (let number = 1; number <= 1_001; number += 1) {
      world.disk.set(uuid(number), {
        sequence: number,
        deliveredTo: [],
        notification: notificationOf(number),
      })
    }
    world.hanging = new Set(["read", "write", "remove"])
    await world.live(
      Effect.gen(function* () {
        yield* sendFor(60, 1_002)
        expect(new Set(world.taken).size).toBe(1_001)
        expect(world.taken).toHaveLength(1_001)
        expect(world.taken.at(-1)).toBe(uuid(1_002))
        world.release()
        yield* TestClock.adjust("10 minutes")
        expect(yield* state).toEqual({ pending: 0, outbox: null })
      }),
    )
    expect(world.taken).toHaveLength(1_002)
    expect(world.taken.at(-1)).toBe(uuid(1_001))
    expect(world.disk.size).toBe(0)
  })
})

describe("a state disk that is full", () => {
  it("is no reason to forget: the answer is false until it took it", async () => {
    const world = new DeliveryWorld()
    world.isDiskFull = true
    world.answer = () => down
    await world.live(
      Effect.gen(function* () {
        expect(yield* sendFor(1, 1)).toEqual([false])
        expect(yield* sendFor(1, 1)).toEqual([false])
        world.isDiskFull = false
        yield* TestClock.adjust("5 seconds")
        expect(yield* sendFor(0, 1)).toEqual([true])
      }),
    )
    expect(world.disk.size).toBe(1)
  })

  it("and takes none of 1,000: what is dropped is not taken up again", async () => {
    const world = new DeliveryWorld()
    world.isDiskFull = true
    world.answer = () => down
    const all = Array.from({ length: 1_003 }, (_, index) => index + 1)
    await world.live(
      Effect.gen(function* () {
        yield* sendFor(1, ...all)
        const again = yield* sendFor(1, ...all)
        expect(again.slice(0, 4)).toEqual([true, true, true, false])
        expect(yield* state).toMatchObject({ pending: 1_000 })
      }),
    )
    expect(world.lines.filter((line) => line.includes("was dropped"))).toHaveLength(3)
  })
})
