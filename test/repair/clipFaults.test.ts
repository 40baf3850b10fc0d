import { randomUUID } from "node:crypto"
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ClipFaults } from "../../src/repair/ClipFaults.ts"
import { Clips } from "../../src/storage/Clips.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)
const sizeBytes = 100

let scene: RepairScene
let cameraId = 0

beforeEach(async () => {
  scene = await RepairScene.make()
  cameraId = await scene.addCamera()
  mkdirSync(join(scene.directory, `cam_${cameraId}/clips`))
})
afterEach(() => scene.remove())

const pathOf = (name: string) => join(scene.directory, `cam_${cameraId}/clips/${name}.mp4`)

/** A clip that is ready, with its file; answers its id. */
const made = async (name: string): Promise<string> => {
  const id = randomUUID()
  writeFileSync(pathOf(name), Buffer.alloc(sizeBytes))
  await scene.run(
    Effect.flatMap(Clips, (clips) =>
      clips.restore({
        id,
        cameraId,
        name,
        state: "ready",
        isExact: false,
        fromMillis: noon,
        toMillis: noon + 1000,
        filePath: `cam_${cameraId}/clips/${name}.mp4`,
        content: {
          startMillis: noon,
          endMillis: noon + 1000,
          sizeBytes,
          durationSeconds: 1,
          gaps: [],
          sources: [],
        },
        error: null,
        createdAtMillis: noon,
      }),
    ),
  )
  return id
}

const faults = (ids: ReadonlyArray<string>) =>
  scene.run(Effect.map(ClipFaults, (known) => ids.map((id) => known.of(id))))

const told = () => scene.log.filter((line) => line.includes("clip "))

describe("a clip whose file", () => {
  it("is gone or another one is told with the next pass, once, and so is that it is back", async () => {
    const ids = [await made("gone"), await made("cut"), await made("grown"), await made("there")]
    await scene.pass()
    expect(await faults(ids)).toEqual([null, null, null, null])
    renameSync(pathOf("gone"), `${pathOf("gone")}.kept`)
    truncateSync(pathOf("cut"), sizeBytes - 1)
    appendFileSync(pathOf("grown"), "more")
    const names = readdirSync(join(scene.directory, `cam_${cameraId}/clips`))
    await scene.pass()
    await scene.pass("incremental")
    expect(await faults(ids)).toEqual(["missing", "damaged", "damaged", null])
    expect(told()).toEqual([
      expect.stringMatching(/^Error clip .*cut\.mp4 is damaged/),
      expect.stringMatching(/^Error clip .*gone\.mp4 is missing/),
      expect.stringMatching(/^Error clip .*grown\.mp4 is damaged/),
    ])
    // Nothing is deleted or hidden for that.
    expect(readdirSync(join(scene.directory, `cam_${cameraId}/clips`))).toEqual(names)
    expect(await scene.run(Effect.flatMap(Clips, ({ ready }) => ready))).toHaveLength(4)

    renameSync(`${pathOf("gone")}.kept`, pathOf("gone"))
    writeFileSync(pathOf("cut"), Buffer.alloc(sizeBytes))
    await scene.pass("incremental")
    expect(await faults(ids)).toEqual([null, null, "damaged", null])
    expect(told().slice(3)).toEqual([
      expect.stringMatching(/^Info clip .*cut\.mp4 is there again/),
      expect.stringMatching(/^Info clip .*gone\.mp4 is there again/),
    ])
  })

  it("is behind a file system that is not mounted is not missing", async () => {
    const id = await made("door")
    renameSync(scene.directory, `${scene.directory}.unmounted`)
    mkdirSync(scene.directory)
    await scene.pass()
    expect(await faults([id])).toEqual([null])
    rmSync(scene.directory, { recursive: true })
    renameSync(`${scene.directory}.unmounted`, scene.directory)
  })
})
