import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { WebhookFault } from "../../src/delivery/Webhooks.ts"
import { DeliveryWorld } from "../delivery/DeliveryWorld.ts"
import { type AlertsLife, AlertsScene } from "./AlertsScene.ts"
import { goodCamera, lostCamera, reportOf } from "./healthReports.ts"

let scene = new AlertsScene()
afterEach(() => scene.dispose())

/** Two cameras are lost for three minutes and come back; `onDeath` begins another life when one dies. */
const outage = async (dieAt: number): Promise<AlertsScene> => {
  scene = new AlertsScene()
  scene.dieAt = dieAt
  let life = await scene.live()
  const during = async (report: AlertsLife["report"], seconds: number) => {
    for (const until = scene.nowMillis + seconds * 1000; scene.nowMillis < until;) {
      if (life.isDead) life = await scene.live()
      life.report = report
      await life.seconds(5)
    }
  }
  await during((now) => reportOf(now, [goodCamera(1), goodCamera(2)]), 20)
  const lostMillis = scene.nowMillis
  await during((now) => reportOf(now, [lostCamera(1, lostMillis, now), lostCamera(2, lostMillis, now)]), 180)
  await during((now) => reportOf(now, [goodCamera(1), goodCamera(2)]), 600)
  return scene
}

describe("a crash between any two steps", () => {
  it("neither loses nor doubles an alert, its row or its notification", async () => {
    const { steps } = await outage(Infinity)
    expect(steps).toBeGreaterThan(8)
    await scene.dispose()
    for (let half = 1; half <= steps * 2; half++) {
      const { rows, told, lives, sends, outbox } = await outage(half / 2)
      expect(lives.length, `a death at ${half / 2} of ${steps}`).toBe(2)
      expect(told, `a death at ${half / 2}`).toEqual([
        "recording_stopped raised 1,2",
        "recording_stopped ended 1,2",
      ])
      expect(
        [...rows.values()].map(({ cameraId, endedAtMillis }) => `${cameraId} ${endedAtMillis !== null}`),
      ).toEqual(["1 true", "2 true"])
      expect(sends.length - outbox.size).toBeLessThanOrEqual(1)
      await scene.dispose()
    }
  })
})

describe("a service that was down", () => {
  it("raises what it finds at its start, once, and ends what is over", async () => {
    scene = new AlertsScene()
    const first = await scene.live()
    const lostMillis = scene.nowMillis
    first.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now), goodCamera(2)])
    await first.seconds(120)
    await first.end()
    scene.nowMillis += 3_600_000
    const second = await scene.live()
    second.report = (now) => reportOf(now, [goodCamera(1), lostCamera(2, lostMillis, now)])
    await second.seconds(600)
    expect(scene.told).toEqual([
      "recording_stopped raised 1",
      "recording_stopped ended 1",
      "recording_stopped raised 2",
    ])
    expect([...scene.rows.values()].map(({ cameraId }) => cameraId)).toEqual([1, 2])
  })

  it("does not raise what a start brings along: a camera that connects within 20 s", async () => {
    scene = new AlertsScene()
    const lostMillis = scene.nowMillis - 3_600_000
    const life = await scene.live()
    life.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now)])
    await life.seconds(15)
    life.report = (now) => reportOf(now, [goodCamera(1)])
    await life.seconds(120)
    expect(scene.rows.size).toBe(0)
  })
})

describe("a database that is away", () => {
  it("loses no alert, also one that was raised and ended meanwhile, and over a restart", async () => {
    scene = new AlertsScene()
    scene.isDatabaseAway = true
    const first = await scene.live()
    const lostMillis = scene.nowMillis
    first.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now)])
    await first.seconds(120)
    expect(await first.with((alerts) => alerts.list({ state: "standing", limit: 10 }))).toMatchObject({
      alerts: [{ kind: "recording_stopped", cameraId: 1 }],
    })
    await expect(first.with((alerts) => alerts.list({ state: "ended", limit: 10 }))).rejects.toThrow(
      "The database does not answer",
    )
    first.report = (now) => reportOf(now, [goodCamera(1)])
    await first.seconds(600)
    await first.end()
    expect(scene.told).toHaveLength(2)
    expect(scene.rows.size).toBe(0)
    scene.isDatabaseAway = false
    const second = await scene.live()
    await second.seconds(10)
    expect([...scene.rows.values()]).toMatchObject([
      { kind: "recording_stopped", cameraId: 1, endedAtMillis: expect.any(Number) },
    ])
    expect(scene.told).toHaveLength(2)
  })
})

describe("a state disk that hangs", () => {
  it("delays nothing for long, and is said once by each who needs it", async () => {
    scene = new AlertsScene()
    const world = new DeliveryWorld()
    scene.delivery = world.layer(Effect.void)
    scene.isDiskHanging = true
    world.hanging = new Set(["read", "write", "remove"])
    const life = await scene.live()
    const lostMillis = scene.nowMillis
    life.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now), goodCamera(2)])
    await life.seconds(60)
    expect(world.tries).toHaveLength(1)
    // Lost for 30 s, a group of 10 s, 5 s between reports, and what the disk delays.
    expect(world.tries[0]?.atMillis).toBeLessThanOrEqual(lostMillis + 50_000)
    life.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now), lostCamera(2, lostMillis, now)])
    await life.seconds(540)
    expect(world.taken).toHaveLength(2)
    for (const who of ["a crash would lose", "notifications are kept in memory"]) {
      expect([...scene.logged, ...world.lines].filter((line) => line.includes(who))).toHaveLength(1)
    }
    world.release()
  })
})

describe("an outbox that the disk does not take", () => {
  it("loses nothing in a crash: the next life sends what only memory had, under the same id", async () => {
    scene = new AlertsScene()
    const world = new DeliveryWorld()
    scene.delivery = world.layer(Effect.void)
    world.isDiskFull = true
    world.answer = () => new WebhookFault({ message: "it answers 503", isRefusal: false, askedMillis: null })
    const first = await scene.live()
    const lostMillis = scene.nowMillis
    first.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now)])
    await first.seconds(120)
    const tried = new Set(world.tries.map(({ id }) => id))
    expect(tried.size).toBe(1)
    await first.end()
    expect(world.disk.size).toBe(0)

    world.isDiskFull = false
    world.answer = () => null
    const second = await scene.live()
    second.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now)])
    await second.seconds(60)
    expect(world.taken).toEqual([...tried])
  })

  it("is asked again until it takes what was decided, and told nothing twice meanwhile", async () => {
    scene = new AlertsScene()
    const world = new DeliveryWorld()
    scene.delivery = world.layer(Effect.void)
    world.isDiskFull = true
    const life = await scene.live()
    const lostMillis = scene.nowMillis
    life.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now)])
    await life.seconds(300)
    expect(world.tries).toHaveLength(1)
    expect(scene.text).toContain('"unsent":[]')
  })
})
