import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { AlertsScene } from "./AlertsScene.ts"
import { goodCamera, reportOf } from "./healthReports.ts"

let scene = new AlertsScene()
afterEach(() => scene.dispose())

describe("250 alerts at once", () => {
  it("are notifications of 100 at most, each with an id of its own, and each alert is in one", async () => {
    scene = new AlertsScene()
    const life = await scene.live()
    life.report = (now) => reportOf(now, [goodCamera(3)])
    await life.seconds(20)
    await life.run(
      Effect.map(EventJournal, (journal) => {
        for (let clip = 0; clip < 250; clip++) {
          journal.publish({ type: "clip.deleted", cameraId: 3, clipId: `c${clip}`, name: `Door ${clip}` })
        }
      }),
    )
    await life.seconds(60)
    const notifications = [...scene.outbox.values()]
    expect(notifications.map(({ alerts }) => alerts.length)).toEqual([100, 100, 50])
    expect(new Set(notifications.flatMap(({ alerts }) => alerts.map(({ id }) => id))).size).toBe(250)
  })
})
