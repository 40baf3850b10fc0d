import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { SimulatedRunOnDisk } from "../recorder/segments/SimulatedRunOnDisk.ts"
import { movieFragment, secondAt } from "../recorder/segments/syntheticMovie.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { movieBytes, movieOf, writeMovie, writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)

describe("files without a row", () => {
  let scene: RepairScene
  beforeEach(async () => {
    scene = await RepairScene.make()
  })
  afterEach(() => scene.remove())

  it("are adopted with the times, sizes and frames that are in them, and nothing on disk changes", async () => {
    const cameraId = await scene.addCamera()
    const paths = [0, 1, 2].map((hour) =>
      writeRecording(scene.directory, cameraId, noon + hour * 3_600_000, 10 + hour),
    )
    const before = scene.listing()
    const report = await scene.pass()
    expect(report).toMatchObject({
      isComplete: true,
      adopted: 3,
      missing: 0,
      settled: 0,
      restored: 0,
      unowned: 0,
      errors: [],
    })
    const { recordings, gaps } = await scene.catalog()
    expect(recordings).toEqual(
      paths.map((filePath, hour) => ({
        filePath,
        cameraId,
        state: "closed",
        fileSize: BigInt(movieBytes(10 + hour)),
        duration: 10 + hour,
        fragments: 10 + hour,
        frames: BigInt(25 * (10 + hour)),
        runId: "",
        startMillis: noon + hour * 3_600_000,
        endMillis: noon + hour * 3_600_000 + (10 + hour) * 1000,
      })),
    )
    expect(gaps).toEqual([])
    expect(scene.listing()).toEqual(before)
    const again = await scene.pass()
    expect(again).toMatchObject({
      adopted: 0,
      missing: 0,
      settled: 0,
      restored: 0,
      rows: 3,
      filesExamined: 3,
    })
    expect(await scene.catalog()).toEqual({ recordings, gaps })
    await awaitFact("the sums are those of the database", async () => {
      const { recordings: count, totalBytes } = await scene.run(
        Effect.map(Catalog, (catalog) => catalog.snapshot(cameraId)),
      )
      return count === 3 && totalBytes === [10, 11, 12].reduce((sum, seconds) => sum + movieBytes(seconds), 0)
    })
  })

  it("get the times that the index beside them tells, whatever became of their own", async () => {
    const cameraId = await scene.addCamera()
    expect(cameraId).toBe(1)
    const run = new SimulatedRunOnDisk(noon, "5f0c8c0e-5b1c-4f0a-9d0e-2d3a4b5c6d7e")
    try {
      const watcher = run.watcher()
      run.record(watcher, 5)
      run.record(watcher, 4)
      const summaries = run.finish(watcher)
      expect(summaries).toHaveLength(2)
      for (const name of run.files()) {
        const path = join(scene.directory, name)
        mkdirSync(dirname(path), { recursive: true })
        renameSync(join(run.recordingsDirectory, name), path)
        utimesSync(path, 1_000_000_000, 1_000_000_000)
      }
      expect(await scene.pass()).toMatchObject({ adopted: 2, unowned: 0 })
      const { recordings } = await scene.catalog()
      expect(
        recordings.map((row) => [row.filePath, row.startMillis, row.endMillis, row.runId, row.frames]),
      ).toEqual(
        summaries.map((one) => [
          one.filePath,
          one.startedAtMillis,
          one.endedAtMillis,
          one.runId,
          BigInt(one.frames),
        ]),
      )
    } finally {
      run.remove()
    }
  })

  it("have their holes listed as gaps", async () => {
    const cameraId = await scene.addCamera()
    const pause = movieFragment({
      startSeconds: 2,
      intervalsSeconds: [...Array.from({ length: 24 }, () => 0.04), 5.04],
    })
    const movie = Buffer.concat([movieOf(2), pause, secondAt(8)])
    writeMovie(join(scene.directory, `cam_${cameraId}/2026-01-14/12-00-00.mp4`), movie, noon + 9000)
    expect(await scene.pass()).toMatchObject({ adopted: 1 })
    expect(await scene.catalog()).toMatchObject({
      recordings: [{ startMillis: noon, endMillis: noon + 9000 }],
      gaps: [{ cause: "no_frames", startMillis: noon + 3000, endMillis: noon + 8000 }],
    })
  })

  it("are adopted for a removed camera too, and not where the directory is another camera's", async () => {
    const removed = await scene.addCamera()
    const foreign = await scene.addCamera()
    const unmarked = await scene.addCamera()
    for (const id of [removed, foreign, unmarked]) writeRecording(scene.directory, id, noon, 5)
    await scene.run(Effect.flatMap(Cameras, (cameras) => cameras.remove(removed)))
    const other = { identity: "00000000-0000-4000-8000-000000000000" }
    writeFileSync(join(scene.directory, `cam_${foreign}`, ".camera"), JSON.stringify(other))
    rmSync(join(scene.directory, `cam_${unmarked}`, ".camera"))
    const before = scene.listing()
    const report = await scene.pass()
    expect(report).toMatchObject({ adopted: 1, unowned: 2, missing: 0 })
    expect(report.unownedPaths.toSorted()).toEqual([`cam_${foreign}`, `cam_${unmarked}`])
    expect((await scene.catalog()).recordings.map(({ cameraId }) => cameraId)).toEqual([removed])
    expect(scene.listing()).toEqual(before)
  })

  it("are adopted in batches, more than one transaction holds", async () => {
    const cameraId = await scene.addCamera()
    const files = 1203
    for (let file = 0; file < files; file++) {
      writeRecording(scene.directory, cameraId, noon + file * 60_000, 1)
    }
    expect(await scene.pass()).toMatchObject({ adopted: files, filesExamined: files })
    expect((await scene.catalog()).recordings).toHaveLength(files)
    expect(await scene.pass()).toMatchObject({ adopted: 0, rows: files })
  })
})
