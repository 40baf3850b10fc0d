import { linkSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { afterEach, describe, expect, it } from "vitest"
import { Cleanup } from "../../src/cleanup/Cleanup.ts"
import { CleanupScene, fileSystemWith, type SceneOptions } from "./CleanupScene.ts"

const hour = 3_600_000
const day = 24 * hour
const now = Date.parse("2026-06-10T03:00:00Z")

const refuse = (code: string): never => {
  throw Object.assign(new Error(code), { code })
}

describe("a file that cannot be deleted", () => {
  let scene: CleanupScene
  afterEach(() => scene.remove())

  const begin = async (options: SceneOptions = {}): Promise<number> => {
    scene = await CleanupScene.make(options)
    scene.nowMillis = now
    return scene.addCamera(await scene.addOwner("basic"))
  }
  const recordOld = (cameraId: number, at: number): Promise<string> =>
    scene.record(cameraId, {
      startMillis: now - 10 * day + at * hour,
      endMillis: now - 10 * day + (at + 1) * hour,
    })
  const lastPass = async () => {
    const { passes } = await scene.run(Effect.flatMap(Cleanup, (cleanup) => cleanup.state))
    return passes[0]
  }

  it.each(["EACCES", "EROFS", "EBUSY", "EIO"])(
    "by %s stays with its row and stops no other",
    async (code) => {
      let stuck = "none"
      const cameraId = await begin({
        fileSystem: fileSystemWith((_call, path) => {
          if (path.endsWith(stuck)) refuse(code)
        }),
      })
      const paths = [await recordOld(cameraId, 0), await recordOld(cameraId, 1), await recordOld(cameraId, 2)]
      stuck = paths[1] ?? ""
      expect(await scene.clean()).toBe(true)
      expect(await scene.rows()).toEqual([stuck])
      expect(scene.files()).toEqual([stuck])
      expect(await lastPass()).toMatchObject({
        isComplete: true,
        files: 2,
        errors: 1,
        errorList: [{ path: stuck, code }],
      })
      await scene.clean()
      expect(scene.log.filter((line) => line.startsWith("Error"))).toEqual([
        `Error cannot delete ${stuck}: ${code}`,
      ])
      stuck = "none"
      await scene.clean()
      expect(await scene.rows()).toEqual([])
      expect(scene.files("idx")).toEqual([])
    },
  )

  it("with its index stays whole, with its row", async () => {
    let isStuck = true
    const cameraId = await begin({
      fileSystem: fileSystemWith((_call, path) => {
        if (isStuck && path.endsWith(".idx")) refuse("EIO")
      }),
    })
    const path = await recordOld(cameraId, 0)
    await scene.clean()
    expect(await scene.rows()).toEqual([path])
    expect(scene.has(path)).toBe(true)
    isStuck = false
    await scene.clean()
    expect(await scene.rows()).toEqual([])
    expect(scene.files("idx")).toEqual([])
  })

  it("because it is a link, a directory, behind a link or no path of ours is refused", async () => {
    const cameraId = await begin()
    const outside = join(scene.root, "outside")
    mkdirSync(join(outside, "2026-05-31"), { recursive: true })
    writeFileSync(join(outside, "precious.mp4"), "kept")
    writeFileSync(join(outside, "2026-05-31", "05-00-00.mp4"), "kept")
    const own = join(scene.directory, `cam_${cameraId}`)
    const link = await recordOld(cameraId, 0)
    renameSync(join(scene.directory, link), join(own, "moved"))
    symlinkSync(join(outside, "precious.mp4"), join(scene.directory, link))
    const folder = await recordOld(cameraId, 1)
    renameSync(join(scene.directory, folder), join(own, "moved too"))
    mkdirSync(join(scene.directory, folder))
    const free = await recordOld(cameraId, 2)
    const row = (filePath: string) =>
      scene.sql(
        (sql) => sql`
          INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id,
            segment_number, state, frames, missing_frames, fragments, video_codec, audio)
          VALUES (${cameraId}, ${new Date(now - 9 * day)}, ${new Date(now - 9 * day + hour)}, ${filePath}, 1, 1,
            'run', 0, 'closed', 25, 0, 1, 'avc1', 'none')`,
      )
    symlinkSync(join(outside, "2026-05-31"), join(own, "2026-06-01"))
    const behind = `cam_${cameraId}/2026-06-01/05-00-00.mp4`
    const odd = [
      `cam_${cameraId}/../../outside/precious.mp4`,
      "../outside/precious.mp4",
      join(outside, "precious.mp4"),
      `cam_${cameraId}/clips/party.mp4`,
      `cam_${cameraId + 1}/2026-06-01/05-00-00.mp4`,
    ]
    for (const path of [behind, ...odd]) await row(path)
    linkSync(join(outside, "precious.mp4"), join(own, "hard"))
    await scene.clean()
    const kept = [link, folder, behind, ...odd].toSorted()
    expect((await scene.rows()).toSorted()).toEqual(kept)
    expect(scene.has(free)).toBe(false)
    expect(scene.has("../outside/precious.mp4")).toBe(true)
    expect(scene.has("../outside/2026-05-31/05-00-00.mp4")).toBe(true)
    const pass = await lastPass()
    expect(pass?.errorList.map(({ path }) => path ?? "").toSorted()).toEqual(kept)
    expect(new Set(pass?.errorList.map(({ code }) => code))).toEqual(new Set(["refused"]))
  })

  it("because its directory is another camera's stays", async () => {
    const cameraId = await begin()
    const path = await recordOld(cameraId, 0)
    writeFileSync(
      join(scene.directory, `cam_${cameraId}`, ".camera"),
      JSON.stringify({ identity: "5f0c8c0e-5b1c-4f0a-9d0e-2d3a4b5c6d7e" }),
    )
    await scene.clean()
    expect(await scene.rows()).toEqual([path])
    expect(scene.has(path)).toBe(true)
    expect((await lastPass())?.errorList).toEqual([{ path, code: "foreign directory" }])
  })

  it.each([
    ["it is protected on the disk", (path: string) => [path], "protected"],
    ["what is protected cannot be read", () => null, "damaged .protected"],
  ])("because %s stays, whatever its row says", async (_why, protectedOf, code) => {
    const cameraId = await begin()
    const path = await recordOld(cameraId, 0)
    const free = await recordOld(await scene.addCamera(await scene.addOwner("basic")), 1)
    const own = join(scene.directory, `cam_${cameraId}`)
    const Camera = Schema.fromJsonString(Schema.Struct({ identity: Schema.String }))
    const { identity } = Schema.decodeSync(Camera)(readFileSync(join(own, ".camera"), "utf8"))
    const text = { camera_identity: identity, protected: protectedOf(path) }
    writeFileSync(join(own, ".protected"), JSON.stringify(text))
    await scene.clean()
    expect(await scene.rows()).toEqual([path])
    expect(scene.has(path)).toBe(true)
    expect(scene.has(free)).toBe(false)
    expect((await lastPass())?.errorList).toEqual([{ path, code }])
  })

  it("because the file system is not mounted stays, and the pass is not complete", async () => {
    const cameraId = await begin()
    const path = await recordOld(cameraId, 0)
    const away = join(scene.root, "away")
    renameSync(scene.directory, away)
    mkdirSync(scene.directory)
    expect(await scene.clean()).toBe(false)
    expect(await scene.rows()).toEqual([path])
    renameSync(away, join(scene.root, "recordings2"))
    expect(await lastPass()).toMatchObject({ isComplete: false, files: 0, errors: 1 })
  })
})
