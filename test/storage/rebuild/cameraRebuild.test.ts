import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Cameras } from "../../../src/storage/Cameras.ts"
import { Owners } from "../../../src/storage/Owners.ts"
import { RecordingsDirectory } from "../../../src/storage/RecordingsDirectory.ts"
import { addCamera, addOwner, RebuildScene, rememberAll } from "./RebuildScene.ts"
import { cameraFile } from "./writtenCameras.ts"

const endedAtMillis = Date.parse("2026-01-14T15:59:59.900Z")

/** Two owners of one name, four cameras: 1 records, 2 is off, 3 is removed, 4 has a profile. */
const furnish = Effect.gen(function* () {
  const cameras = yield* Cameras
  const ana = yield* addOwner("Ana", "pro")
  const namesake = yield* addOwner("Ana", "premium")
  const [, off, removed, probed] = [
    yield* addCamera(ana.id, "door"),
    yield* addCamera(ana.id, "gate"),
    yield* addCamera(namesake.id, "till"),
    yield* addCamera(namesake.id, "yard"),
  ]
  yield* cameras.setEnabled(off.id, false)
  yield* cameras.update(off.id, { retentionDays: 3, quotaBytes: 5_000_000_000 })
  yield* (yield* Owners).update(ana.id, { quotaBytes: 9_000_000_000 })
  yield* cameras.setProfile(probed.id, { videoCodec: "hevc", audioCodec: "aac" })
  yield* cameras.remove(removed.id)
  yield* rememberAll
})

const instant = (value: unknown): string => (value instanceof Date ? value.toISOString() : "none")

const storedIds = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const cameras = yield* sql<{ id: number }>`SELECT id FROM cameras ORDER BY id`
  return cameras.map(({ id }) => id)
})

describe("a lost database", () => {
  let scene: RebuildScene
  beforeEach(async () => {
    scene = await RebuildScene.make()
    await scene.life(furnish)
  })
  afterEach(() => scene.remove())

  it("gives back owners and cameras with ids, identities, switches and dates; twice is once", async () => {
    const before = await scene.rows()
    const urls = await scene.life(Effect.flatMap(Cameras, (cameras) => cameras.list))
    await scene.loseDatabase()

    const after = await scene.rows()

    expect(after.owners).toEqual(before.owners)
    expect(after.cameras).toEqual(before.cameras)
    expect(after.cameras).toMatchObject([
      { id: 1, recordingEnabled: true, deletedAt: null },
      { id: 2, recordingEnabled: false, deletedAt: null },
      { id: 3, recordingEnabled: false, deletedAt: expect.any(Date) },
      { id: 4, videoCodec: "hevc", audioCodec: "aac" },
    ])
    expect(
      scene.log.filter((line) => /camera ".*" is rebuilt|rebuilt 4 cameras and 2 owners/.test(line)),
    ).toEqual([
      'Warn camera "door" of "Ana" is rebuilt from its .camera file',
      'Warn camera "gate" of "Ana" is rebuilt from its .camera file',
      'Warn camera "till" of "Ana" is rebuilt from its .camera file, as removed',
      'Warn camera "yard" of "Ana" is rebuilt from its .camera file',
      "Warn rebuilt 4 cameras and 2 owners that the database had lost",
    ])
    const files = [1, 2, 3, 4].map((id) => scene.cameraText(id))
    expect(await scene.rows()).toEqual(after)
    expect(scene.log).toEqual([])
    expect(
      (await scene.life(Effect.flatMap(Cameras, (cameras) => cameras.list))).map(({ url }) =>
        Redacted.value(url),
      ),
    ).toEqual(urls.map(({ url }) => Redacted.value(url)))
    await scene.life(rememberAll)
    expect([1, 2, 3, 4].map((id) => scene.cameraText(id))).toEqual(files)
  })

  it("gives new owners and cameras ids above all that are on disk, also of others", async () => {
    scene.write("cam_40/.camera", JSON.stringify(cameraFile(40, { installation: "elsewhere" })), 1)
    await scene.loseDatabase()
    const ids = await scene.life(
      Effect.gen(function* () {
        const owner = yield* addOwner("Bea", "basic")
        return [owner.id, (yield* addCamera(owner.id, "new")).id]
      }),
    )
    expect(ids).toEqual([3, 41])
  })

  it("is taken to have been used until the newest recording ended, and cameras that are off until theirs", async () => {
    scene.write("cam_1/2026-01-14/15-00-00.mp4", "", endedAtMillis)
    scene.write("cam_2/2026-01-10/15-00-00.mp4", "", endedAtMillis - 1000)
    const { cameras } = await scene.rows()
    const createdAt = cameras.map((camera) => camera["createdAt"])
    await scene.loseDatabase()
    const { periods, service } = await scene.rows()
    // Camera 2 was created after its file ended: the period is empty. Camera 3 never recorded: it has none.
    expect(periods).toEqual([
      { cameraId: 1, startTime: createdAt[0], endTime: null },
      { cameraId: 2, startTime: createdAt[1], endTime: createdAt[1] },
      { cameraId: 4, startTime: createdAt[3], endTime: null },
    ])
    expect(service).toEqual([{ lastSeenAt: new Date(endedAtMillis) }])
  })

  it("believes no file that claims to end in a time to come", async () => {
    scene.write("cam_1/2026-01-14/15-00-00.mp4", "", Date.now() + 3_600_000)
    await scene.loseDatabase()
    const { service } = await scene.rows()
    expect(service).toEqual([{ lastSeenAt: expect.any(Date) }])
    expect(Number(service[0]?.["lastSeenAt"])).toBeLessThanOrEqual(Date.now())
  })

  it("of another installation, or unreadable, is reported and left alone", async () => {
    const foreign = JSON.stringify(cameraFile(20, { installation: "elsewhere" }))
    const moved = scene.cameraText(1).replace('"camera_id": 1', '"camera_id": 9')
    scene.write("cam_20/.camera", foreign, 1)
    scene.write("cam_21/.camera", foreign.slice(0, 50), 1)
    scene.write("cam_22/2026-01-14/15-00-00.mp4", "", 1)
    scene.write("cam_23/.camera", moved, 1)
    scene.write("cam_9/.camera", moved, 1)
    scene.write("cam_24/.camera", JSON.stringify({ ...cameraFile(24), name: "nul\0" }), 1)
    await scene.loseDatabase()
    const { cameras } = await scene.rows()
    expect(cameras.map(({ id }) => id)).toEqual([1, 2, 3, 4])
    expect(scene.log.filter((line) => line.includes("left alone"))).toEqual([
      expect.stringContaining(
        "cam_9 belongs to no camera of the database and is left alone: the camera of its",
      ),
      expect.stringMatching(/cam_20 .*another installation/),
      expect.stringMatching(/cam_21 .*does not say which camera/),
      expect.stringMatching(/cam_22 .*cannot be read: ENOENT/),
      expect.stringMatching(/cam_23 .*is that of camera 9/),
      expect.stringMatching(/cam_24 .*does not say which camera/),
    ])
    expect(readFileSync(scene.path("cam_20/.camera"), "utf8")).toBe(foreign)
    expect(existsSync(scene.path("cam_22/.camera"))).toBe(false)
  })

  it("lost in part gives back what is missing and touches nothing that is there", async () => {
    const before = await scene.rows()
    await scene.life(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`DELETE FROM cameras WHERE id IN (2, 3, 4)`
        yield* sql`DELETE FROM owners WHERE id = 2`
        yield* sql`UPDATE cameras SET name = 'front door' WHERE id = 1`
        yield* sql`UPDATE owners SET plan = 'basic' WHERE id = 1`
        yield* sql`UPDATE service_state SET last_seen_at = ${new Date(5000)}`
      }),
    )
    scene.write("cam_4/2026-01-14/15-00-00.mp4", "", endedAtMillis)
    const after = await scene.rows()
    expect(after.owners).toEqual([{ ...before.owners[0], plan: "basic" }, before.owners[1]])
    expect(after.cameras).toEqual([{ ...before.cameras[0], name: "front door" }, ...before.cameras.slice(1)])
    expect(after.service).toEqual([{ lastSeenAt: new Date(5000) }])
  })

  it("and a lost secret.key: the camera is off, its sealed address and its switch stay in the file", async () => {
    const key = readFileSync(`${scene.root}/state/secret.key`, "utf8")
    const before = await scene.rows()
    const sealed = JSON.parse(scene.cameraText(1))
    rmSync(`${scene.root}/state/secret.key`)
    await scene.loseDatabase()

    const after = await scene.rows()

    expect(after.cameras.map((camera) => camera["recordingEnabled"])).toEqual([false, false, false, false])
    expect(after.cameras[0]).toMatchObject({ name: "door", url: "rtsp://address-lost.invalid/" })
    expect(scene.log.filter((line) => line.startsWith("Error"))).toHaveLength(3)
    expect(scene.log.join("\n")).toMatch(/camera "door" is not recorded: .*PATCH \/api\/cameras\/1/)
    await scene.life(rememberAll)
    expect(JSON.parse(scene.cameraText(1))).toEqual(sealed)

    writeFileSync(`${scene.root}/state/secret.key`, key)
    await scene.loseDatabase()
    expect((await scene.rows()).cameras).toEqual(before.cameras)
  })

  it("is given nothing by a start with a secret.key that is not the database's", async () => {
    await scene.life(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`DELETE FROM cameras WHERE id = 4`))
    rmSync(`${scene.root}/state/secret.key`)
    await expect(scene.rows()).rejects.toMatchObject({ _tag: "SecretUnreadable" })
    expect(await scene.besides(storedIds)).toEqual([1, 2, 3])
  })

  it("stays empty when a crash cuts the rebuild short, and the next start makes up for it", async () => {
    const before = await scene.rows()
    await scene.loseDatabase()
    const crashed = await scene.besides(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        // Owners and cameras are inserted by the time the rebuild waits for this.
        yield* sql`LOCK TABLE enabled_periods IN ACCESS EXCLUSIVE MODE`
        const life = yield* Effect.forkChild(Effect.flip(Effect.tryPromise(() => scene.rows())))
        yield* sql`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted`.pipe(
          Effect.repeat({ until: (ended) => ended.length > 0, schedule: Schedule.spaced("20 millis") }),
        )
        return yield* Fiber.join(life)
      }).pipe((work) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(work))),
    )
    expect(crashed.cause).toMatchObject({ _tag: "DatabaseUnavailable" })
    expect(await scene.besides(storedIds)).toEqual([])
    const after = await scene.rows()
    expect([after.owners, after.cameras]).toEqual([before.owners, before.cameras])
  })

  it("takes files of earlier versions: switched on, not removed, owners by name and plan", async () => {
    for (const id of [1, 2, 3, 4]) {
      const { owner, ...file } = JSON.parse(scene.cameraText(id))
      const later = new Set(
        "recording_enabled retention_days quota_bytes deleted_at video_codec audio_codec".split(" "),
      )
      const early = Object.fromEntries(Object.entries(file).filter(([field]) => !later.has(field)))
      writeFileSync(
        scene.path(`cam_${id}/.camera`),
        JSON.stringify({ ...early, owner: { name: owner.name, plan: owner.plan } }),
      )
    }
    await scene.loseDatabase()
    const { owners, cameras } = await scene.rows()
    expect(owners).toMatchObject([
      { id: 1, name: "Ana", plan: "pro" },
      { id: 2, name: "Ana", plan: "premium" },
    ])
    expect(cameras).toMatchObject(
      [1, 1, 2, 2].map((ownerId, at) => ({ id: at + 1, ownerId, recordingEnabled: true, deletedAt: null })),
    )
    await scene.life(rememberAll)
    expect(JSON.parse(scene.cameraText(1))).toMatchObject({ owner: { id: 1 }, recording_enabled: true })
  })
})

describe("a removal", () => {
  let scene: RebuildScene
  beforeEach(async () => {
    scene = await RebuildScene.make()
  })
  afterEach(() => scene.remove())

  it("that a crash kept from the directory is noted there at the next start, with the owner's", async () => {
    await scene.life(
      Effect.gen(function* () {
        const owner = yield* addOwner("Ana", "pro")
        yield* (yield* Cameras).remove((yield* addCamera(owner.id, "door")).id)
        yield* (yield* Cameras).remove((yield* addCamera(owner.id, "gone")).id)
        yield* (yield* Owners).remove(owner.id)
      }),
    )
    expect(JSON.parse(scene.cameraText(1))).toMatchObject({ deleted_at: null })
    rmSync(scene.path("cam_2"), { recursive: true })
    const before = await scene.rows()
    expect(JSON.parse(scene.cameraText(1))).toMatchObject({
      deleted_at: instant(before.cameras[0]?.["deletedAt"]),
      owner: { deleted_at: instant(before.owners[0]?.["deletedAt"]) },
    })
    expect(existsSync(scene.path("cam_2"))).toBe(false)
    await scene.loseDatabase()
    expect((await scene.rows()).owners).toEqual(before.owners)
  })

  it("leaves the file of another camera alone", async () => {
    await scene.life(
      Effect.gen(function* () {
        const owner = yield* addOwner("Ana", "pro")
        const camera = yield* addCamera(owner.id, "door")
        scene.write("cam_1/.camera", JSON.stringify(cameraFile(1)), 1)
        const removed = yield* (yield* Cameras).remove(camera.id)
        const deletedAtMillis = null
        expect(yield* (yield* RecordingsDirectory).noteRemoved(removed, { ...owner, deletedAtMillis })).toBe(
          false,
        )
      }),
    )
    expect(JSON.parse(scene.cameraText(1))).toEqual(cameraFile(1))
  })
})
