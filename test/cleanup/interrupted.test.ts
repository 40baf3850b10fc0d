import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Plan, retentionDays } from "../../src/domain/Plan.ts"
import { touchMillis } from "../../src/domain/coverage.ts"
import type { Span } from "../../src/domain/Segment.ts"
import { union } from "../../src/domain/spans.ts"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { protectionRebuild } from "../../src/storage/rebuild/protectionRebuild.ts"
import { RecordingProtection } from "../../src/storage/RecordingProtection.ts"
import { CleanupScene, Crash } from "./CleanupScene.ts"
import { CrashingDeletion } from "./crashingDeletion.ts"
import { type DiskClip, isWhole, makeClip } from "./diskClip.ts"

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
    if (crashed) await restart()
    return crashed
  }

  /** As a life of the service begins: what the disk protects is protected before anything is deleted. */
  const restart = async (): Promise<void> => {
    await scene.restart()
    await scene.run(Effect.scoped(Effect.provide(Effect.void, protectionRebuild)))
  }

  /** Protects a recording, or no more, which may be the end of its service. */
  const protect = async (path: string, isProtected: boolean, crashesAfter: number): Promise<boolean> => {
    const [row] = await scene.sql<{ id: bigint }>(
      (sql) => sql`SELECT id FROM recordings WHERE file_path = ${path}`,
    )
    crashing.stepsLeft = crashesAfter
    const crashed = await scene
      .run(
        Effect.flatMap(RecordingProtection, (protection) =>
          protection.set(Number(row?.id), isProtected),
        ).pipe(Effect.provide(crashing.protection)),
      )
      .then(
        () => false,
        (error: unknown) => {
          if (error instanceof Crash) return true
          throw error
        },
      )
    crashing.stepsLeft = Infinity
    if (crashed) await restart()
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
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant("protect"),
        at: fc.nat(),
        on: fc.boolean(),
        // Before its row, after its row, or not at all.
        crashesAfter: fc.constantFrom(0, 1, 1e6, 1e6, 1e6),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("clip"), clipOf: fc.nat(2) }) },
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
        await scene.sql((sql) => sql`DELETE FROM clips`)
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
        const clips: Array<DiskClip> = []
        const deleted = cameras.map((): Array<Span> => [])
        const expireModel = (nowMillis: number, isGone = (_path: string): boolean => true): void => {
          for (const [path, { endMillis, camera, isProtected }] of model) {
            const days = Math.min(cameras[camera]?.days ?? 365, retentionDays[plan])
            if (isProtected || endMillis >= nowMillis - days * day || !isGone(path)) continue
            model.delete(path)
            deleted[camera]?.push({ fromMillis: endMillis - hour, toMillis: endMillis })
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
            const crashed = await protect(path, one.on, one.crashesAfter)
            // What the file says after a crash: it names a recording before its row does, and as long.
            const isProtected = crashed ? one.on || known.isProtected : one.on
            model.set(path, { ...known, isProtected })
          } else if ("clipOf" in one) {
            clips.push(await makeClip(scene, cameras[one.clipOf]?.id ?? 0, start - 400 * day))
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
        const gaps = cameras.flatMap(({ id }, camera) =>
          union(deleted[camera] ?? [], touchMillis).map((span) => ({
            cameraId: id,
            detail: "expired",
            ...span,
          })),
        )
        // Twice the same.
        for (const _ of [1, 2]) {
          await scene.clean()
          expect(await scene.rows()).toEqual([...model.keys()].toSorted())
          expect(scene.files()).toEqual(
            [...model.keys(), ...clips.map(({ filePath }) => filePath)].toSorted(),
          )
          expect(await scene.gaps()).toEqual(gaps)
          for (const clip of clips) expect(await isWhole(scene, clip)).toBe(true)
        }
      }),
      // A failure is told with what it takes, also where making that small would take too long.
      { numRuns: 15, seed: 4, interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true },
    )
  }, 180_000)
})
