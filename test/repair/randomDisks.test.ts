import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterEach, describe, expect, it } from "vitest"
import { Cameras } from "../../src/storage/Cameras.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { DiskModel, mishaps } from "./DiskModel.ts"
import { writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noChange = { isComplete: true, adopted: 0, missing: 0, restored: 0, settled: 0 }

describe("disk and catalog after anything", () => {
  let scene: RepairScene
  /** Writes that succeed before the service dies, as it were; all of them when negative. */
  let writesLeft = -1
  const mayWrite = <A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E | DatabaseUnavailable> =>
    Effect.suspend((): Effect.Effect<A, E | DatabaseUnavailable> => {
      if (writesLeft === 0) return Effect.fail(new DatabaseUnavailable({ reason: "killed" }))
      writesLeft -= 1
      return write
    })
  const make = async (): Promise<void> => {
    scene = await RepairScene.make({
      aroundStore: (store) => ({
        ...store,
        write: (files) => mayWrite(store.write(files)),
        markMissing: (paths) => mayWrite(store.markMissing(paths)),
      }),
    })
  }
  afterEach(() => scene.remove())

  /** Everything but the cameras' own files goes. */
  const clear = async (cameraIds: ReadonlyArray<number>): Promise<void> => {
    for (const id of cameraIds) {
      const directory = join(scene.directory, `cam_${id}`)
      for (const name of readdirSync(directory)) {
        if (name !== ".camera") rmSync(join(directory, name), { recursive: true })
      }
    }
    await scene.sql((sql) => sql`TRUNCATE recordings, gaps`)
  }

  it("agree after one pass, wherever an earlier one died; the disk stays as it is, another pass changes nothing", async () => {
    await make()
    const cameraIds = [await scene.addCamera(), await scene.addCamera(), await scene.addCamera()]
    await scene.run(Effect.flatMap(Cameras, (cameras) => cameras.remove(3)))
    const seen = { stops: 0, missing: 0, restored: 0, settled: 0, adopted: 0, died: 0 }
    const round = fc.record({ mishaps, dieAfterWrites: fc.integer({ min: -4, max: 3 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 3, maxLength: 4 }), async (rounds) => {
        await clear(cameraIds)
        const model = new DiskModel(scene, cameraIds)
        for (const one of rounds) {
          for (const mishap of one.mishaps) await model.apply(mishap)
          const disk = scene.listing()
          const isStopped = model.pass()
          writesLeft = one.dieAfterWrites
          const first = await scene.pass()
          writesLeft = -1
          const report = first.isComplete ? first : await scene.pass()
          expect(report.isComplete).toBe(true)
          expect(report.safetyStop !== null).toBe(isStopped)
          const { recordings, gaps } = await scene.catalog()
          expect(recordings).toMatchObject(model.rows)
          expect(recordings).toHaveLength(model.rows.length)
          expect(gaps).toEqual(model.gaps)
          expect(await scene.pass()).toMatchObject(noChange)
          expect(await scene.pass("incremental")).toMatchObject(noChange)
          expect(await scene.catalog()).toEqual({ recordings, gaps })
          expect(scene.listing()).toEqual(disk)
          if (isStopped) seen.stops += 1
          if (!first.isComplete) seen.died += 1
          for (const name of ["missing", "restored", "settled", "adopted"] as const) {
            seen[name] += first[name] + (first === report ? 0 : report[name])
          }
        }
      }),
      { numRuns: 20, seed: 3 },
    )
    // The chances were such that everything happened.
    expect(Object.entries(seen).filter(([, count]) => count < 3)).toEqual([])
  }, 180_000)

  it("hold the same rows when the service dies between any two batches", async () => {
    await make()
    const cameraId = await scene.addCamera()
    const files = 1203
    for (let file = 0; file < files; file++) {
      writeRecording(scene.directory, cameraId, Date.UTC(2026, 0, 14) + file * 60_000, 1)
    }
    writesLeft = -1
    expect(await scene.pass()).toMatchObject({ adopted: files })
    const whole = await scene.catalog()
    for (const [writes, known] of [
      [0, 0],
      [1, 500],
      [2, 1000],
    ] as const) {
      await scene.sql((sql) => sql`TRUNCATE recordings, gaps`)
      writesLeft = writes
      expect(await scene.pass()).toMatchObject({ isComplete: false, adopted: known })
      expect((await scene.catalog()).recordings).toHaveLength(known)
      await scene.restart()
      writesLeft = -1
      expect(await scene.pass()).toMatchObject({ isComplete: true, adopted: files - known })
      expect(await scene.catalog()).toEqual(whole)
    }
  })
})
