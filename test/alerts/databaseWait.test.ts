import { afterEach, describe, expect, it } from "vitest"
import { AlertsScene } from "./AlertsScene.ts"
import { goodCamera, reportOf } from "./healthReports.ts"

let scene = new AlertsScene()
afterEach(() => scene.dispose())

describe("a start that waits for its database", () => {
  it("is told of once, over restarts, and ends by itself under the same id", async () => {
    scene = new AlertsScene()
    const first = scene.wait()
    const awayMillis = scene.nowMillis
    await first.waitForDatabase(60)
    expect(scene.told).toEqual(["database_away raised service"])
    const [notification] = scene.outbox.values()
    const [raised] = notification?.alerts ?? []
    expect(raised).toMatchObject({ sinceMillis: awayMillis, detail: expect.stringContaining("nothing new") })
    await first.end()

    const second = scene.wait()
    await second.waitForDatabase(600)
    expect(scene.outbox.size).toBe(1)
    await second.begin()
    second.report = (now) => reportOf(now, [goodCamera(1)])
    await second.seconds(30)
    expect([...scene.rows.values()]).toEqual([{ ...raised, endedAtMillis: expect.any(Number) }])
    await second.seconds(300)
    expect(scene.told).toEqual(["database_away raised service", "database_away ended service"])
    expect([...scene.outbox.values()][1]?.alerts).toMatchObject([{ id: raised?.id }])
  })

  it("is not told of where the database answers within half a minute, as after a boot", async () => {
    scene = new AlertsScene()
    const life = scene.wait()
    await life.waitForDatabase(29)
    await life.begin()
    await life.seconds(60)
    expect(scene.outbox.size + scene.rows.size).toBe(0)
  })
})
