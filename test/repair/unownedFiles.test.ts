import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { movieOf, writeMovie, writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)

describe("what belongs to nobody", () => {
  let scene: RepairScene
  let cameraId: number
  const write = (name: string, bytes: Uint8Array | string = "x") => {
    const path = join(scene.directory, name)
    mkdirSync(join(path, ".."), { recursive: true })
    writeFileSync(path, bytes)
  }

  beforeEach(async () => {
    scene = await RepairScene.make()
    cameraId = await scene.addCamera()
  })
  afterEach(() => scene.remove())

  it("is reported, logged once, and left alone; names of ours are not mentioned", async () => {
    writeRecording(scene.directory, cameraId, noon, 5)
    const ours = [
      ".vigia-service",
      "lost+found/x",
      "cam_1/.protected",
      "cam_1/.protected.0123456789ab",
      "cam_1/.runs/some/000000.mp4",
      "cam_1/2026-01-14/12-00-00.idx",
    ]
    const foreign = [
      "notes.txt",
      "cam_01/2026-01-14/12-00-00.mp4",
      "cam_99/2026-01-14/12-00-00.mp4",
      "clips/one.mp4",
      "cam_1/readme",
      "cam_1/2026-1-14/12-00-00.mp4",
      "cam_1/2026-01-14/12-00-01.idx",
      "cam_1/2026-01-14/photo.jpg",
      "cam_1/2026-01-14/12-00-00.mp4.part",
      "cam_1/2026-01-14/deeper/12-00-00.mp4",
      // No whole fragment.
      "cam_1/2026-01-14/13-00-00.mp4",
    ]
    for (const name of [...ours, ...foreign]) write(name)
    write("cam_1/2026-01-14/14-00-00.mp4", movieOf(0))
    write("cam_1/2026-01-14/15-00-00.mp4", "")
    symlinkSync("12-00-00.mp4", join(scene.directory, "cam_1/2026-01-14/16-00-00.mp4"))
    symlinkSync("2026-01-14", join(scene.directory, "cam_1/2026-01-15"))
    symlinkSync("cam_1", join(scene.directory, "cam_2"))
    const before = scene.listing()
    const report = await scene.pass()
    expect(report.unownedPaths.toSorted()).toEqual(
      [
        "notes.txt",
        "cam_01",
        "cam_99",
        "clips",
        "cam_1/readme",
        "cam_1/2026-1-14",
        "cam_1/2026-01-14/12-00-01.idx",
        "cam_1/2026-01-14/photo.jpg",
        "cam_1/2026-01-14/12-00-00.mp4.part",
        "cam_1/2026-01-14/deeper",
        "cam_1/2026-01-14/13-00-00.mp4",
        "cam_1/2026-01-14/14-00-00.mp4",
        "cam_1/2026-01-14/15-00-00.mp4",
        "cam_1/2026-01-14/16-00-00.mp4",
        "cam_1/2026-01-15",
        "cam_2",
      ].toSorted(),
    )
    expect(report).toMatchObject({ adopted: 1, unowned: 16, errors: [] })
    await scene.pass()
    const lines = scene.log.filter((line) => line.includes("belongs to nobody"))
    expect(lines).toHaveLength(16)
    expect(lines).toContain("Warn belongs to nobody, and is left alone: cam_1/2026-01-14/photo.jpg")
    expect(scene.listing()).toEqual(before)
  })

  it("is counted to the last, and named up to a hundred", async () => {
    for (let file = 0; file < 250; file++) write(`cam_1/2026-01-14/${file}.txt`)
    const report = await scene.pass()
    expect(report.unowned).toBe(250)
    expect(report.unownedPaths).toHaveLength(100)
  })

  it("is not what a run has claimed, or has not settled", async () => {
    const filePath = `cam_${cameraId}/2026-01-14/12-00-00.mp4`
    // A reservation where the file system knows no hard links: empty until the rename.
    writeMovie(join(scene.directory, filePath), Buffer.alloc(0), noon)
    const run = `cam_${cameraId}/.runs/5f0c8c0e-5b1c-4f0a-9d0e-2d3a4b5c6d7e`
    write(`${run}/000000.idx`, `${JSON.stringify({ version: 1, filePath })}\n`)
    expect(await scene.pass()).toMatchObject({ unowned: 0, adopted: 0, postponed: 1 })
    write(`${run}/000000.idx`, `{"version":1,"filePa`)
    expect(await scene.pass()).toMatchObject({ unowned: 1, unownedPaths: [filePath] })
  })
})
