import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { writeRecording } from "../repair/recordedFile.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"
import { VigiaService } from "../support/VigiaService.ts"

const hour = 3_600_000
const day = 24 * hour
const Created = Schema.Struct({ id: Schema.Int })
const Listed = Schema.Struct({
  recordings: Schema.Array(
    Schema.Struct({ id: Schema.Int, file_path: Schema.String, is_protected: Schema.Boolean }),
  ),
})
const RepairState = Schema.Struct({
  running: Schema.Boolean,
  last: Schema.NullOr(Schema.Struct({ adopted: Schema.Int, unowned: Schema.Int })),
})
const CleanupState = Schema.Struct({ running: Schema.NullOr(Schema.Unknown) })

describe("a database that is lost as a whole", () => {
  let service: VigiaService
  let lost: Awaited<ReturnType<typeof makeTestDatabase>>
  beforeAll(async () => {
    service = await VigiaService.start()
    lost = await makeTestDatabase()
  })
  afterAll(async () => {
    await service.remove()
    await lost.dispose()
  })

  const create = async (path: string, body: unknown): Promise<number> =>
    Schema.decodeUnknownSync(Created)((await service.request("POST", path, body)).body).id

  const addCamera = (ownerId: number) =>
    create("/api/cameras", {
      owner_id: ownerId,
      name: `Door of ${ownerId}`,
      url: "rtsp://127.0.0.1:9/",
      recording_enabled: false,
    })

  const has = (filePath: string): boolean => existsSync(join(service.recordingDirectory, filePath))
  const textOf = (filePath: string): unknown =>
    JSON.parse(readFileSync(join(service.recordingDirectory, filePath), "utf8"))

  const inventory = async () => ({
    owners: (await service.request("GET", "/api/owners")).body,
    cameras: (await service.request("GET", "/api/cameras")).body,
  })

  const recordings = async () =>
    Schema.decodeUnknownSync(Listed)((await service.request("GET", "/api/recordings?camera_id=1")).body)
      .recordings

  const repaired = () =>
    awaitFact("disk and catalog were compared", async () => {
      const state = Schema.decodeUnknownSync(RepairState)((await service.request("GET", "/api/repair")).body)
      return state.running ? null : state.last
    })

  const protect = async (filePath: string, isProtected: boolean): Promise<void> => {
    const id = (await recordings()).find((recording) => recording.file_path === filePath)?.id
    const answer = await service.request("PUT", `/api/recordings/${id}/protection`, {
      protected: isProtected,
    })
    expect(answer).toMatchObject({ status: 200, body: { is_protected: isProtected } })
  }

  it("gives back quotas, retention and protection: a cleanup deletes what it would have deleted before", async () => {
    const ana = await create("/api/owners", { name: "Ana", plan: "pro" })
    const bea = await create("/api/owners", { name: "Bea", plan: "basic" })
    const cameraId = await addCamera(ana)
    const removedId = await addCamera(bea)
    await service.request("PATCH", `/api/owners/${ana}`, { quota_bytes: 9e11 })
    await service.request("PATCH", `/api/cameras/${cameraId}`, { retention_days: 3, quota_bytes: 8e11 })
    expect(textOf(`cam_${cameraId}/.camera`)).toMatchObject({
      retention_days: 3,
      quota_bytes: 8e11,
      owner: { quota_bytes: 9e11, deleted_at: null },
    })
    await service.request("DELETE", `/api/cameras/${removedId}`)
    expect(textOf(`cam_${removedId}/.camera`)).toMatchObject({ owner: { deleted_at: null } })
    await service.request("DELETE", `/api/owners/${bea}`)
    expect(textOf(`cam_${removedId}/.camera`)).toMatchObject({ owner: { deleted_at: expect.any(String) } })

    await repaired()
    const now = Math.floor(Date.now() / 1000) * 1000
    const at = (days: number, hours: number) =>
      writeRecording(service.recordingDirectory, cameraId, now - days * day - hours * hour, 5)
    const files = { kept: at(20, 1), expired: at(20, 2), released: at(4, 1), recent: at(2, 1) }
    await service.request("POST", "/api/repair")
    await awaitFact("the files are listed", async () => (await recordings()).length === 4)
    await protect(files.kept, true)
    await protect(files.released, true)
    await protect(files.released, false)
    const before = await inventory()
    expect(before).toMatchObject({
      owners: { owners: [{ id: ana, quota_bytes: 9e11 }] },
      cameras: { cameras: [{ id: cameraId, retention_days: 3, quota_bytes: 8e11 }] },
    })

    expect(await service.end()).toBe(0)
    await service.start({ environment: { POSTGRES_DB: lost.settings.database } })

    expect(await inventory()).toEqual(before)
    expect(await repaired()).toMatchObject({ unowned: 0 })
    await service.request("POST", "/api/cleanup")
    await awaitFact("the pass has ended", async () => {
      const { body } = await service.request("GET", "/api/cleanup")
      return Schema.decodeUnknownSync(CleanupState)(body).running === null
    })
    expect(Object.values(files).filter(has).toSorted()).toEqual([files.kept, files.recent].toSorted())
    expect((await recordings()).map(({ file_path, is_protected }) => [file_path, is_protected])).toEqual([
      [files.kept, true],
      [files.recent, false],
    ])

    await protect(files.kept, false)
    expect(textOf(`cam_${cameraId}/.protected`)).toMatchObject({ protected: [] })
    await service.request("POST", "/api/cleanup")
    await awaitFact("it goes when nothing protects it any more", () => !has(files.kept))
  }, 120_000)
})
