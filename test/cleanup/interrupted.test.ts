import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Plan, retentionDays } from "../../src/domain/Plan.ts"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { CleanupScene } from "./CleanupScene.ts"
import { CrashingDeletion } from "./crashingDeletion.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse("2026-06-10T03:00:00Z")

describe("a deletion that is interrupted", () => {
  const crashing = new CrashingDeletion()
  let scene: CleanupScene
  beforeAll(async () => {
    scene = await CleanupScene.make(crashing.options)
  })
  afterAll(() => scene.remove())

  /** The pass runs, and may be the end of its service. */
  const cleanUntil = async (steps: number): Promise<boolean> => {
    crashing.stepsLeft = steps
    const crashed = await scene.clean().then(
      () => false,
      () => true,
    )
    crashing.stepsLeft = Infinity
    if (crashed) await scene.restart()
    return crashed
  }

  it("is finished by the next pass, after whatever step it was", async () => {
    scene.nowMillis = start
    const cameraId = await scene.addCamera(await scene.addOwner("basic"))
    const young = await scene.record(cameraId, { startMillis: start - hour, endMillis: start })
    let crashes = 0
    for (let steps = 0; ; steps++) {
      for (let at = 0; at < 3; at++) {
        const startMillis = start - 10 * day + at * hour
        await scene.record(cameraId, { startMillis, endMillis: startMillis + hour })
      }
      const crashed = await cleanUntil(steps)
      // A row that counts has its file, whatever happened.
      const rows = await scene.rows()
      expect(rows.filter((row) => !row.endsWith("*")).every((row) => scene.has(row))).toBe(true)
      expect(scene.files().every((file) => rows.includes(file) || rows.includes(`${file}*`))).toBe(true)
      await scene.clean()
      expect(await scene.rows()).toEqual([young])
      expect(scene.files()).toEqual([young])
      expect(scene.files(".idx")).toEqual([young.replace("mp4", "idx")])
      expect(await scene.gaps()).toEqual([
        { cameraId, detail: "expired", fromMillis: start - 10 * day, toMillis: start - 10 * day + 3 * hour },
      ])
      if (!crashed) break
      crashes += 1
    }
    // Two around each statement that marks, of which the last finds nothing, and that which settles; two for each file,
    // one for the day.
    expect(crashes).toBe(2 + 3 * 2 + 1 + 2 + 2)
  }, 120_000)

  const command = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant("record"), camera: fc.nat(2), hoursAgo: fc.nat(40 * 24) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("protect"), at: fc.nat(), on: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("plan"),
        plan: fc.constantFrom<Plan>("basic", "pro", "premium"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("clock"), hours: fc.integer({ min: -48, max: 20 * 24 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("clean"), steps: fc.oneof(fc.nat(20), fc.constant(1e6)) }),
    },
  )

  it("deletes exactly what has expired and is not protected, after any history", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60 }), async (commands) => {
        await scene.sql((sql) => sql`DELETE FROM gaps`)
        await scene.sql((sql) => sql`DELETE FROM recordings`)
        await scene.sql((sql) => sql`DELETE FROM deletions`)
        for (const file of scene.files()) scene.discard(file)
        scene.nowMillis = start
        const owner = await scene.addOwner("pro")
        const cameras = [
          { id: await scene.addCamera(owner), days: null },
          { id: await scene.addCamera(owner, 5), days: 5 },
          { id: await scene.addCamera(owner, 20), days: 20 },
        ]
        let plan: Plan = "pro"
        const model = new Map<string, { endMillis: number; camera: number; isProtected: boolean }>()
        const expireModel = (nowMillis: number, isGone = (_path: string): boolean => true): void => {
          for (const [path, { endMillis, camera, isProtected }] of model) {
            const days = Math.min(cameras[camera]?.days ?? 365, retentionDays[plan])
            if (!isProtected && endMillis < nowMillis - days * day && isGone(path)) model.delete(path)
          }
        }
        for (const one of commands) {
          const nowMillis: number = scene.nowMillis ?? start
          if ("camera" in one) {
            const startMillis = start - one.hoursAgo * hour
            const endMillis = startMillis + hour
            const cameraId = cameras[one.camera]?.id ?? 0
            const known = await scene.rows()
            if (known.some((row) => row.startsWith(segmentPath(cameraId, startMillis)))) continue
            const path = await scene.record(cameraId, { startMillis, endMillis })
            model.set(path, { endMillis, camera: one.camera, isProtected: false })
          } else if ("on" in one) {
            // What is marked cannot be protected any more.
            const there = (await scene.rows()).filter((row) => !row.endsWith("*"))
            const path = there[one.at % Math.max(1, there.length)]
            const known = path === undefined ? undefined : model.get(path)
            if (path === undefined || known === undefined) continue
            model.set(path, { ...known, isProtected: one.on })
            await scene.sql(
              (sql) => sql`UPDATE recordings SET is_protected = ${one.on} WHERE file_path = ${path}`,
            )
          } else if ("plan" in one) {
            plan = one.plan
            await scene.sql((sql) => sql`UPDATE owners SET plan = ${one.plan} WHERE id = ${owner}`)
          } else if ("hours" in one) {
            scene.nowMillis = nowMillis + one.hours * hour
          } else {
            const crashed = await cleanUntil(one.steps)
            if (crashed) {
              // What was marked goes, also where the plan or the clock changes before the next pass.
              const there = new Set(await scene.rows())
              expireModel(nowMillis, (path) => !there.has(path))
            } else {
              expireModel(nowMillis)
            }
          }
        }
        expireModel(scene.nowMillis ?? start)
        await scene.clean()
        const expected = [...model.keys()].toSorted()
        expect(await scene.rows()).toEqual(expected)
        expect(scene.files()).toEqual(expected)
        // Twice the same.
        await scene.clean()
        expect(await scene.rows()).toEqual(expected)
        expect(scene.files()).toEqual(expected)
      }),
      { numRuns: 15, seed: 4 },
    )
  }, 180_000)
})
