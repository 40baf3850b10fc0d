import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Cleanup, type CleanupState } from "../../src/cleanup/Cleanup.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { CleanupScene } from "./CleanupScene.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse("2026-06-10T03:00:00Z")

describe("a cleanup with a clock that is not to be trusted", () => {
  let scene: CleanupScene
  let cameraId: number
  let ownerId: number
  beforeEach(async () => {
    scene = await CleanupScene.make()
    scene.nowMillis = start
    ownerId = await scene.addOwner("basic")
    cameraId = await scene.addCamera(ownerId)
    for (let age = 0; age < 7; age++) await recordUntil(start - age * day)
    await scene.clean()
  })
  afterEach(() => scene.remove())

  const recordUntil = (endMillis: number) =>
    scene.record(cameraId, { startMillis: endMillis - hour, endMillis })

  const state = (): Promise<CleanupState> => scene.run(Effect.flatMap(Cleanup, (cleanup) => cleanup.state))

  const expired = async (trustsClock: boolean): Promise<number> => {
    const cameras = await scene.run(Effect.flatMap(Cleanup, (cleanup) => cleanup.preview({ trustsClock })))
    return cameras.reduce((total, { files }) => total + files, 0)
  }

  const critical = () => scene.log.filter((line) => line.startsWith("Fatal"))

  it("deletes nothing when the clock jumps ahead, says so, and goes on when it is right again", async () => {
    const before = await scene.rows()
    const wrong = start + 400 * day
    scene.stepClock(wrong)
    // What is recorded meanwhile has the wrong time.
    await recordUntil(wrong)
    expect(await expired(false)).toBe(0)
    expect(await expired(true)).toBe(7)
    expect(await scene.clean()).toBe(true)
    await scene.clean()
    expect(await scene.rows()).toEqual(expect.arrayContaining([...before]))
    const { passes, clockSteps } = await state()
    expect(passes[0]).toMatchObject({ isComplete: true, files: 0, heldBack: 7 })
    expect(clockSteps.length).toBe(1)
    expect(clockSteps[0]?.fromMillis).toBe(start)
    expect(critical()).toEqual([expect.stringContaining("or the clock is wrong")])

    // A restart knows it still, and does not say it again.
    await scene.restart()
    await scene.clean()
    expect(await scene.rows()).toEqual(expect.arrayContaining([...before]))
    expect(critical().length).toBe(1)

    expect((await state()).future).toBeNull()
    scene.stepClock(start + hour)
    await scene.clean()
    expect((await state()).passes[0]).toMatchObject({ files: 0, heldBack: 0 })
    // It is never too old by the clock that is right: somebody should know.
    expect((await state()).future).toEqual({ files: 1, fromMillis: wrong - hour, toMillis: wrong })
    // The oldest ended six days before the start.
    scene.nowMillis = start + day + hour
    await scene.clean()
    expect((await scene.rows()).length).toBe(before.length)
  })

  it("keeps what was recorded for its days of lived time, then deletes it without anybody's help", async () => {
    const back = start + 40 * day
    await scene.restart()
    scene.stepClock(back)
    await scene.clean()
    expect((await scene.rows()).length).toBe(7)
    for (const [lived, left] of [
      [day - hour, 7],
      [day + hour, 6],
      [4 * day - hour, 4],
      [7 * day - hour, 1],
      [7 * day + hour, 0],
    ] as const) {
      scene.nowMillis = back + lived
      await scene.clean()
      expect([lived, (await scene.rows()).length]).toEqual([lived, left])
    }
    // It is of no account any more when the longest plan has passed.
    scene.nowMillis = back + 31 * day
    await scene.clean()
    expect((await state()).clockSteps).toEqual([])
  })

  it("expires by the clock at once when a person confirms it", async () => {
    scene.stepClock(start + 40 * day)
    await scene.clean()
    expect((await scene.rows()).length).toBe(7)
    await scene.run(Effect.flatMap(Cleanup, (cleanup) => cleanup.trustClock))
    expect((await state()).clockSteps).toEqual([])
    expect(await expired(false)).toBe(7)
    await scene.clean()
    expect(await scene.rows()).toEqual([])
    expect((await state()).passes[0]).toMatchObject({ files: 7, heldBack: 0 })
  })

  it("takes an outage of a day for what it is, and a changed plan for what was asked", async () => {
    await scene.restart()
    scene.stepClock(start + day)
    await scene.clean()
    expect((await scene.rows()).length).toBe(7)
    scene.nowMillis = start + 2 * day
    await scene.clean()
    expect((await scene.rows()).length).toBe(6)
    await scene.run(Effect.flatMap(Owners, (owners) => owners.update(ownerId, { plan: "premium" })))
    for (let age = 0; age < 30; age++) await recordUntil(start - age * day - 2 * hour)
    await scene.clean()
    await scene.run(Effect.flatMap(Owners, (owners) => owners.update(ownerId, { plan: "basic" })))
    const told = await expired(false)
    expect(told).toBeGreaterThan(20)
    const before = (await scene.rows()).length
    await scene.clean()
    expect((await scene.rows()).length).toBe(before - told)
    expect(critical()).toEqual([])
  })

  it.each([start - 23 * hour, start - 400 * day, 0])(
    "deletes nothing when it jumps back to %d",
    async (wrong) => {
      const before = await scene.rows()
      scene.stepClock(wrong)
      expect(await scene.clean()).toBe(true)
      await scene.restart()
      expect(await scene.clean()).toBe(true)
      expect(await expired(true)).toBe(0)
      expect(await scene.rows()).toEqual(before)
      scene.stepClock(start)
      await scene.clean()
      expect(await scene.rows()).toEqual(before)
    },
  )

  it("keeps what was recorded while it was years behind, for its days", async () => {
    const behind = start - 4000 * day
    scene.stepClock(behind)
    await scene.clean()
    scene.nowMillis = behind + 2 * hour
    const path = await recordUntil(behind + 2 * hour)
    await scene.clean()
    scene.stepClock(start + 2 * hour)
    await scene.clean()
    expect((await state()).passes[0]).toMatchObject({ files: 0, heldBack: 1 })
    expect((await state()).clockSteps.length).toBe(2)
    scene.nowMillis = start + 7 * day
    await scene.clean()
    expect((await scene.rows()).length).toBe(8)
    scene.nowMillis = start + 7 * day + 3 * hour
    await scene.clean()
    expect(await scene.rows()).toEqual([])
    expect(scene.has(path)).toBe(false)
  })
})
