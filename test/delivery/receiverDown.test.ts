import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { Delivery } from "../../src/delivery/Delivery.ts"
import { WebhookFault } from "../../src/delivery/Webhooks.ts"
import { DeliveryWorld } from "./DeliveryWorld.ts"
import { notificationOf, uuid } from "./notifications.ts"

const hourMillis = 3_600_000
const down = new WebhookFault({ message: "it answers 503", isRefusal: false, askedMillis: null })
const refusal = new WebhookFault({ message: "it answers 422", isRefusal: true, askedMillis: null })

const sendAll = (first: number, last: number) =>
  Effect.flatMap(Delivery, (delivery) =>
    Effect.forEach(
      Array.from({ length: last - first + 1 }, (_, index) => notificationOf(first + index)),
      (notification) => delivery.send(notification),
      { discard: true },
    ),
  )

const pending = Effect.flatMap(Delivery, (delivery) => delivery.pending)

describe("a receiver that is down for an hour", () => {
  it("gets all that happened meanwhile, in order, each once, within 5 minutes of being back", async () => {
    const world = new DeliveryWorld()
    world.answer = (_id, nowMillis) => (nowMillis < hourMillis ? down : null)
    await world.live(
      Effect.gen(function* () {
        for (let number = 1; number <= 12; number += 1) {
          yield* sendAll(number, number)
          yield* TestClock.adjust("5 minutes")
        }
        expect(yield* pending).toBe(12)
        expect((yield* (yield* Delivery).faults).receivers).toMatchObject([
          { receiver: "webhook", sinceMillis: 0, error: "it answers 503" },
        ])
        yield* TestClock.adjust("5 minutes")
        expect(yield* pending).toBe(0)
      }),
    )
    expect(world.taken).toEqual(Array.from({ length: 12 }, (_, index) => uuid(index + 1)))
    expect(world.disk.size).toBe(0)
    const failed = world.tries.filter(({ id, atMillis }) => atMillis < hourMillis && id === uuid(1))
    // Of others each time one at most, in the same instant.
    const firstMillis = new Set(failed.map(({ atMillis }) => atMillis))
    const others = world.tries.filter(({ id, atMillis }) => atMillis < hourMillis && id !== uuid(1))
    expect(others.every(({ atMillis }) => firstMillis.has(atMillis))).toBe(true)
    expect(new Set(others.map(({ atMillis }) => atMillis)).size).toBe(others.length)
    const waits = failed.slice(1).map(({ atMillis }, index) => atMillis - (failed[index]?.atMillis ?? 0))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(300_000)
    // 8 waits until the cap, then 2.5 to 5 minutes each.
    expect(failed.length).toBeGreaterThan(15)
    expect(failed.length).toBeLessThan(36)
    expect(world.lines).toEqual([
      "receiver webhook takes no notifications: it answers 503; it is tried again",
      expect.stringMatching(/^receiver webhook answers again after 3[6-9]\d\d s$/),
    ])
  })

  it("gets a notification once that is sent again while it waits", async () => {
    const world = new DeliveryWorld()
    world.answer = (_id, nowMillis) => (nowMillis < hourMillis ? down : null)
    await world.live(
      Effect.gen(function* () {
        for (let time = 0; time < 3; time += 1) yield* sendAll(1, 2)
        expect(yield* pending).toBe(2)
        yield* TestClock.adjust("65 minutes")
      }),
    )
    expect(world.taken).toEqual([uuid(1), uuid(2)])
  })

  it("and asks for 20 minutes is left alone for as long", async () => {
    const world = new DeliveryWorld()
    const asks = new WebhookFault({ message: "it answers 429", isRefusal: false, askedMillis: 1_200_000 })
    world.answer = (_id, nowMillis) => (nowMillis === 0 ? asks : null)
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 2)
        yield* TestClock.adjust("1199 seconds")
        expect(world.tries).toHaveLength(1)
        yield* TestClock.adjust("1 second")
      }),
    )
    expect(world.tries.map(({ atMillis }) => atMillis)).toEqual([0, 1_200_000, 1_200_000])
  })
})

describe("a receiver that never comes back", () => {
  it("is tried for 7 days; what is dropped then is named", async () => {
    const world = new DeliveryWorld()
    world.answer = () => down
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 1)
        yield* TestClock.adjust("167 hours")
        expect(yield* pending).toBe(1)
        yield* TestClock.adjust("2 hours")
        expect(yield* pending).toBe(0)
      }),
    )
    const last = world.tries.at(-1)?.atMillis ?? 0
    expect(last).toBeGreaterThanOrEqual(7 * 24 * hourMillis)
    expect(world.disk.size).toBe(0)
    expect(world.lines.at(-1)).toBe(
      `notification ${uuid(1)} (recording_stopped) was dropped: receiver webhook did not take it for 7 days`,
    )
  })

  it("costs at most 10,000 files: the oldest goes, and is named", async () => {
    const world = new DeliveryWorld()
    world.answer = () => down
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 10_002)
        expect(yield* pending).toBe(10_000)
      }),
    )
    expect(world.disk.size).toBe(10_000)
    expect(world.disk.has(uuid(2))).toBe(false)
    expect(world.disk.has(uuid(3))).toBe(true)
    expect(world.lines.filter((line) => line.includes("was dropped"))).toEqual([
      `notification ${uuid(1)} (recording_stopped) was dropped: more than 10000 are waiting`,
      `notification ${uuid(2)} (recording_stopped) was dropped: more than 10000 are waiting`,
    ])
  })
})

describe("a receiver that refuses", () => {
  it("one notification gets all others at once, also later ones", async () => {
    const world = new DeliveryWorld()
    world.answer = (id) => (id === uuid(1) ? refusal : null)
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 3)
        yield* TestClock.adjust("1 hour")
        expect(world.taken).toEqual([uuid(2), uuid(3)])
        const before = world.tries.length
        yield* sendAll(4, 4)
        yield* TestClock.adjust(0)
        expect(world.tries.slice(before)).toEqual([{ id: uuid(4), atMillis: hourMillis }])
        expect(yield* pending).toBe(1)
      }),
    )
    expect(world.lines).toEqual([
      `receiver webhook refuses notification ${uuid(1)} (recording_stopped): it answers 422`,
    ])
  })

  it("one with an error of its own gets the others after five failures, also where two are such", async () => {
    const world = new DeliveryWorld()
    const fails = new WebhookFault({ message: "it answers 500", isRefusal: false, askedMillis: null })
    const poison: ReadonlySet<string> = new Set([uuid(1), uuid(2)])
    world.answer = (id) => (poison.has(id) ? fails : null)
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 5)
        yield* TestClock.adjust("10 minutes")
        expect(world.taken).toEqual([3, 4, 5].map(uuid))
        // The fifth failure of the first comes after 30 s at most.
        expect(yield* pending).toBe(2)
        expect((yield* (yield* Delivery).faults).receivers).toMatchObject([
          { receiver: "webhook", error: "it answers 500" },
        ])
        yield* sendAll(6, 6)
        yield* TestClock.adjust("5 minutes")
        expect(world.taken.at(-1)).toBe(uuid(6))
        world.answer = () => null
        yield* TestClock.adjust("10 minutes")
        expect(yield* pending).toBe(0)
        expect((yield* (yield* Delivery).faults).receivers).toEqual([])
      }),
    )
    expect(new Set(world.taken.slice(4))).toEqual(poison)
  })

  it("everything is not asked all the time", async () => {
    const world = new DeliveryWorld()
    world.answer = () => refusal
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 500)
        yield* TestClock.adjust("1 hour")
      }),
    )
    // Each on its own would be tried 15 times.
    expect(world.tries.length).toBeLessThan(200)
  })
})

describe("a state disk that is full", () => {
  it("is told once; notifications are delivered all the same", async () => {
    const world = new DeliveryWorld()
    world.isDiskFull = true
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 3)
        yield* TestClock.adjust("1 minute")
        expect(yield* pending).toBe(0)
      }),
    )
    expect(world.taken).toEqual([1, 2, 3].map(uuid))
    expect(world.lines).toEqual([
      "the disk is full; notifications are kept in memory until it can",
      expect.any(String),
    ])
  })

  it("gets what was kept in memory as soon as it takes it", async () => {
    const world = new DeliveryWorld()
    world.isDiskFull = true
    world.answer = () => down
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 5)
        yield* TestClock.adjust("1 hour")
        expect((yield* (yield* Delivery).faults).outbox).toEqual({
          sinceMillis: 0,
          error: "the disk is full",
        })
        // One try every 5 s, however many wait.
        expect(world.writes).toBeLessThan(5 + 721)
        world.isDiskFull = false
        yield* TestClock.adjust("5 seconds")
        expect((yield* (yield* Delivery).faults).outbox).toBeNull()
      }),
    )
    expect([...world.disk.values()].map(({ sequence, notification }) => [sequence, notification.id])).toEqual(
      [1, 2, 3, 4, 5].map((number) => [number, uuid(number)]),
    )
    expect(world.lines.filter((line) => line.includes("disk"))).toEqual([
      "the disk is full; notifications are kept in memory until it can",
      "the outbox is on disk again",
    ])
  })

  it("costs memory for 1,000 notifications at most", async () => {
    const world = new DeliveryWorld()
    world.isDiskFull = true
    world.answer = () => down
    await world.live(
      Effect.gen(function* () {
        yield* sendAll(1, 1_003)
        expect(yield* pending).toBe(1_000)
      }),
    )
    expect(world.lines.filter((line) => line.includes("was dropped"))).toEqual(
      [1, 2, 3].map(
        (number) =>
          `notification ${uuid(number)} (recording_stopped) was dropped: more than 1000 wait for the disk`,
      ),
    )
  })
})
