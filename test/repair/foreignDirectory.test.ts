import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)
const minute = 60_000

describe("the directory of another camera in the place of a camera's own", () => {
  let scene: RepairScene
  let cameraId: number
  beforeEach(async () => {
    scene = await RepairScene.make()
    cameraId = await scene.addCamera()
    const other = await scene.addCamera()
    for (const at of [0, 1, 2]) writeRecording(scene.directory, cameraId, noon + at * minute, 30)
    for (const at of [0, 1, 2, 3]) writeRecording(scene.directory, other, noon + at * minute, 30)
    await scene.adopt(7)
  })
  afterEach(() => scene.remove())

  it("is left alone, also where its files have the same names; its rows come back with its own", async () => {
    const before = await scene.catalog()
    const own = join(scene.directory, `cam_${cameraId}`)
    renameSync(own, join(scene.root, "own"))
    mkdirSync(own)
    const identity = "00000000-0000-4000-8000-000000000000"
    writeFileSync(join(own, ".camera"), JSON.stringify({ identity }))
    for (const at of [0, 1, 5]) writeRecording(scene.directory, cameraId, noon + at * minute, 50)
    const listing = scene.listing()

    expect(await scene.pass()).toMatchObject({
      isComplete: true,
      adopted: 0,
      settled: 0,
      missing: 3,
      unownedPaths: [`cam_${cameraId}`],
    })
    const { recordings, gaps } = await scene.catalog()
    expect(recordings.map((row) => ({ ...row, state: "closed" }))).toEqual(before.recordings)
    expect(recordings.filter(({ state }) => state === "missing").map((row) => row.cameraId)).toEqual([
      cameraId,
      cameraId,
      cameraId,
    ])
    expect(gaps.map(({ cause }) => cause)).toEqual(["file_missing", "file_missing", "file_missing"])
    for (const kind of ["full", "incremental"] as const) {
      expect(await scene.pass(kind)).toMatchObject({ adopted: 0, restored: 0, settled: 0, missing: 0 })
    }
    expect(scene.listing()).toEqual(listing)

    renameSync(own, join(scene.root, "foreign"))
    renameSync(join(scene.root, "own"), own)
    expect(await scene.pass("incremental")).toMatchObject({ restored: 3, unowned: 0 })
    expect(await scene.catalog()).toEqual(before)
  })
})
