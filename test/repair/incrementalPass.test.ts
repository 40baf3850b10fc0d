import { mkdirSync, renameSync, rmSync, truncateSync, utimesSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { reliableTime } from "../../src/repair/listDirectories.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { summary } from "../storage/accounting/summaries.ts"
import { movieBytes, writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)
const day = 86_400_000
const hour = 3_600_000

describe("a pass that looks at what can have changed", () => {
  let scene: RepairScene
  const cameraIds = [1, 2, 3]
  const daysOfEach = 5
  const filesOfDay = 4
  const files = cameraIds.length * daysOfEach * filesOfDay
  let listedAtFirst = 0
  const dayOf = (cameraId: number, at: number): string =>
    join(scene.directory, `cam_${cameraId}`, new Date(noon + at * day).toISOString().slice(0, 10))

  /** Directories that changed long ago, as they are in a service that runs for a while. */
  const age = (...paths: ReadonlyArray<string>): void => {
    for (const path of paths) utimesSync(path, noon / 1000, noon / 1000)
  }
  const ageAll = (): void => {
    for (const id of cameraIds) {
      age(...Array.from({ length: daysOfEach }, (_, at) => dayOf(id, at)), join(dayOf(id, 0), ".."))
    }
    age(scene.directory)
  }

  beforeEach(async () => {
    scene = await RepairScene.make()
    for (const id of cameraIds) {
      await scene.addCamera()
      for (let at = 0; at < daysOfEach; at++) {
        for (let file = 0; file < filesOfDay; file++) {
          writeRecording(scene.directory, id, noon + at * day + file * hour, 2)
        }
      }
    }
    ageAll()
    const report = await scene.adopt(files)
    listedAtFirst = report.directoriesListed
  })
  afterEach(() => scene.remove())

  it("lists no directory and touches no file where nothing changed", async () => {
    expect(listedAtFirst).toBe(1 + cameraIds.length * (1 + daysOfEach))
    for (let pass = 0; pass < 2; pass++) {
      expect(await scene.pass("incremental")).toMatchObject({
        isComplete: true,
        directoriesListed: 0,
        filesExamined: 0,
        rows: 0,
        postponed: 0,
      })
    }
    expect(await scene.pass()).toMatchObject({ filesExamined: files, rows: files })
  })

  it("looks at the day that changed, and at no other", async () => {
    writeRecording(scene.directory, 2, noon + 3 * day + 9 * hour, 2)
    expect(await scene.pass("incremental")).toMatchObject({
      adopted: 1,
      directoriesListed: 1,
      filesExamined: filesOfDay + 1,
      rows: filesOfDay,
    })
  })

  it("counts a directory that changed within two seconds before a pass as changed at the next", async () => {
    const start = Date.now()
    const nanosBefore = (millis: number): bigint => BigInt(start - millis) * 1_000_000n
    expect(reliableTime(nanosBefore(2001), start)).toBe(nanosBefore(2001))
    expect(reliableTime(nanosBefore(1999), start)).toBeNull()
    writeRecording(scene.directory, 2, noon + 3 * day + 9 * hour, 2)
    // A clock that lags behind that of the disk.
    utimesSync(dayOf(2, 3), start / 1000 + 600, start / 1000 + 600)
    expect(await scene.pass("incremental")).toMatchObject({ adopted: 1, directoriesListed: 1 })
    expect(await scene.pass("incremental")).toMatchObject({ adopted: 0, directoriesListed: 1 })
    age(dayOf(2, 3))
    expect(await scene.pass("incremental")).toMatchObject({ directoriesListed: 1 })
    expect(await scene.pass("incremental")).toMatchObject({ directoriesListed: 0, filesExamined: 0 })
  })

  it("notices a new day, a day that is gone, and a camera that is gone", async () => {
    writeRecording(scene.directory, 1, noon + 9 * day, 2)
    age(join(dayOf(1, 9), ".."))
    utimesSync(join(dayOf(1, 9), ".."), noon / 1000 + 1, noon / 1000 + 1)
    expect(await scene.pass("incremental")).toMatchObject({
      adopted: 1,
      directoriesListed: 2,
      filesExamined: 1,
    })
    renameSync(dayOf(3, 2), `${scene.root}/day`)
    expect(await scene.pass("incremental")).toMatchObject({ missing: filesOfDay })
    renameSync(join(dayOf(2, 0), ".."), `${scene.root}/camera`)
    expect(await scene.pass("incremental")).toMatchObject({ missing: daysOfEach * filesOfDay })
    renameSync(`${scene.root}/day`, dayOf(3, 2))
    expect(await scene.pass("incremental")).toMatchObject({ restored: filesOfDay, missing: 0 })
    renameSync(`${scene.root}/camera`, join(dayOf(2, 0), ".."))
    expect(await scene.pass("incremental")).toMatchObject({ restored: daysOfEach * filesOfDay, missing: 0 })
  })

  it("looks for missing files and at growing rows, wherever they are", async () => {
    const path = join(dayOf(1, 0), "12-00-00.mp4")
    renameSync(path, `${scene.root}/away.mp4`)
    expect(await scene.pass("incremental")).toMatchObject({ missing: 1 })
    age(dayOf(1, 0))
    await scene.pass("incremental")
    expect(await scene.pass("incremental")).toMatchObject({ directoriesListed: 0, filesExamined: 1, rows: 1 })
    renameSync(`${scene.root}/away.mp4`, path)
    age(dayOf(1, 0))
    expect(await scene.pass("incremental")).toMatchObject({
      restored: 1,
      directoriesListed: 0,
      filesExamined: 1,
    })
    await scene.sql(
      (sql) => sql`UPDATE recordings SET state = 'growing' WHERE file_path = 'cam_3/2026-01-15/12-00-00.mp4'`,
    )
    expect(await scene.pass("incremental")).toMatchObject({
      settled: 1,
      directoriesListed: 0,
      filesExamined: 1,
    })
    expect(await scene.pass("incremental")).toMatchObject({ filesExamined: 0 })
  })

  it("leaves young files to the next pass, and the files that the catalog is busy with", async () => {
    const filePath = writeRecording(scene.directory, 1, noon + 9 * hour, 2)
    const path = join(scene.directory, filePath)
    const now = Date.now() / 1000
    utimesSync(path, now, now)
    age(dayOf(1, 0))
    utimesSync(dayOf(1, 0), noon / 1000 + 1, noon / 1000 + 1)
    expect(await scene.pass("incremental")).toMatchObject({ adopted: 0, postponed: 1 })
    utimesSync(path, now - 61, now - 61)
    await scene.run(
      Effect.flatMap(Catalog, (catalog) =>
        Effect.andThen(
          catalog.segmentsChanged([summary({ filePath, startedAtMillis: noon, endedAtMillis: noon + 1000 })]),
          catalog.flush,
        ),
      ),
    )
    expect(await scene.pass("incremental")).toMatchObject({ adopted: 0, settled: 0, directoriesListed: 1 })
    // Even a full pass, and even where it is gone: the run that writes it is asked first.
    truncateSync(path, movieBytes(1))
    expect(await scene.pass()).toMatchObject({ adopted: 0, settled: 0, missing: 0 })
    rmSync(path)
    expect(await scene.pass()).toMatchObject({ missing: 0, postponed: 1 })
  })

  it("does not adopt into a directory that another camera's .camera file was put into", async () => {
    mkdirSync(`${scene.root}/kept`)
    renameSync(join(dayOf(1, 0), "../.camera"), `${scene.root}/kept/.camera`)
    writeRecording(scene.directory, 1, noon + 9 * hour, 2)
    expect(await scene.pass("incremental")).toMatchObject({ adopted: 0, unownedPaths: ["cam_1"], missing: 0 })
    renameSync(`${scene.root}/kept/.camera`, join(dayOf(1, 0), "../.camera"))
    expect(await scene.pass("incremental")).toMatchObject({ adopted: 1 })
  })
})
