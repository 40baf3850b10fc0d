import { afterEach, describe, expect, it } from "vitest"
import { AlertsScene } from "./AlertsScene.ts"
import { goodCamera, lostCamera, reportOf } from "./healthReports.ts"

let scene = new AlertsScene()
afterEach(() => scene.dispose())

/** A life that told of a camera, and whose file is lost; the camera stays away. */
const toldAndLost = async () => {
  scene = new AlertsScene()
  const life = await scene.live()
  const lostMillis = scene.nowMillis
  const report = (now: number) => reportOf(now, [lostCamera(1, lostMillis, now)])
  life.report = report
  await life.seconds(120)
  await life.end()
  scene.text = null
  const [id] = scene.rows.keys()
  return { id, report }
}

const endedIds = () =>
  [...scene.rows.values()].map(({ id, endedAtMillis }) => ({ id, isEnded: endedAtMillis !== null }))

describe("a state file that is lost", () => {
  it("neither raises again what the rows say stands, nor leaves it standing for ever", async () => {
    const { id, report } = await toldAndLost()
    const next = await scene.live()
    next.report = report
    await next.seconds(120)
    expect(await next.with(({ standing }) => standing)).toMatchObject([{ id }])
    next.report = (now) => reportOf(now, [goodCamera(1)])
    await next.seconds(600)
    expect(endedIds()).toEqual([{ id, isEnded: true }])
    expect(scene.told).toEqual(["recording_stopped raised 1", "recording_stopped ended 1"])
  })

  it("is made good after a crash, and after a database that was away meanwhile", async () => {
    const { id, report } = await toldAndLost()
    scene.isDatabaseAway = true
    const next = await scene.live()
    next.report = report
    await next.seconds(10)
    const span = { fromMillis: scene.nowMillis, untilMillis: scene.nowMillis + 1000 }
    await next.with((alerts) => alerts.silence({ ...span, cameraId: 2, kind: null, comment: "" }))
    expect(scene.text).not.toBeNull()
    await next.end()
    scene.isDatabaseAway = false
    const last = await scene.live()
    last.report = report
    await last.seconds(120)
    expect(endedIds()).toEqual([{ id, isEnded: false }])
    expect(scene.told).toEqual(["recording_stopped raised 1"])
  })

  it("ends the row of what was raised again before the database answered", async () => {
    const { id, report } = await toldAndLost()
    scene.isDatabaseAway = true
    const next = await scene.live()
    next.report = report
    await next.seconds(120)
    scene.isDatabaseAway = false
    await next.seconds(30)
    const [again] = await next.with(({ standing }) => standing)
    expect(again?.id).not.toBe(id)
    expect(endedIds()).toEqual([
      { id, isEnded: true },
      { id: again?.id, isEnded: false },
    ])
    next.report = (now) => reportOf(now, [goodCamera(1)])
    await next.seconds(600)
    expect(endedIds().every(({ isEnded }) => isEnded)).toBe(true)
  })
})
