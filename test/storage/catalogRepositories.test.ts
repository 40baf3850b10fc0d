import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { Cameras } from "../../src/storage/Cameras.ts"
import type { DatabaseSettings } from "../../src/config/Settings.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import { makeTestDatabase } from "../support/database.ts"

const layers = (settings: DatabaseSettings, stateDirectory: string) =>
  Layer.mergeAll(Owners.layer, Cameras.layer, Recordings.layer).pipe(
    Layer.provide(SecretBox.layer({ stateDirectory })),
    Layer.provideMerge(databaseLayer(settings)),
  )
type Services = Layer.Success<ReturnType<typeof layers>>

const newCamera = (ownerId: number) => ({
  ownerId,
  name: "Door",
  url: Redacted.make("rtsp://admin:hunter2@10.0.0.5:554/live?token=t0ken"),
  transport: "tcp" as const,
  recordingEnabled: true,
})
const recording = (cameraId: number, index: number) => ({
  cameraId,
  filePath: `cam_${cameraId}/${index}.mp4`,
  startMillis: index * 1000,
  endMillis: index * 1000 + 1000,
  sizeBytes: 3_000_000_000,
  runId: "run-1",
  segmentNumber: index,
  state: "closed" as const,
  frames: 25,
  missingFrames: null,
  lostPackets: null,
  damagedFramesAtMost: null,
  fragments: 1,
  videoCodec: "avc1",
  audio: "none" as const,
})

describe("repositories on PostgreSQL", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  let stateDirectory: string
  let runtime: ManagedRuntime.ManagedRuntime<Services, unknown>
  const run = <A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> => runtime.runPromise(effect)

  beforeAll(async () => {
    database = await makeTestDatabase()
    stateDirectory = mkdtempSync(join(tmpdir(), "vigia-storage-"))
    runtime = ManagedRuntime.make(layers(database.settings, stateDirectory))
  })
  afterAll(async () => {
    await runtime.dispose()
    await database.dispose()
    rmSync(stateDirectory, { recursive: true, force: true })
  })
  beforeEach(() =>
    run(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`TRUNCATE owners, cameras, recordings, clips, gaps, enabled_periods`,
      ),
    ),
  )

  it("creates, changes and hides owners", async () => {
    await run(
      Effect.gen(function* () {
        const owners = yield* Owners
        const { id } = yield* owners.create({ name: "Ana", plan: "basic" })
        const changed = yield* owners.update(id, { plan: "premium" })
        expect(changed).toMatchObject({ id, name: "Ana", plan: "premium" })
        expect(yield* owners.list).toEqual([changed])
        yield* owners.remove(id)
        expect(yield* owners.list).toEqual([])
        expect(yield* Effect.flip(owners.get(id))).toMatchObject({ _tag: "OwnerNotFound", ownerId: id })
        expect(yield* Effect.flip(owners.update(id, {}))).toMatchObject({ _tag: "OwnerNotFound" })
        expect(yield* Effect.flip(owners.remove(id))).toMatchObject({ _tag: "OwnerNotFound" })
      }),
    )
  })

  it("keeps an owner who has cameras, until they are removed", async () => {
    await run(
      Effect.gen(function* () {
        const owners = yield* Owners
        const cameras = yield* Cameras
        const owner = yield* owners.create({ name: "Ana", plan: "pro" })
        const camera = yield* cameras.create(newCamera(owner.id))
        expect(yield* Effect.flip(owners.remove(owner.id))).toMatchObject({
          _tag: "OwnerHasCameras",
          cameraIds: [camera.id],
        })
        yield* cameras.remove(camera.id)
        yield* owners.remove(owner.id)
        expect(yield* Effect.flip(cameras.create(newCamera(owner.id)))).toMatchObject({
          _tag: "OwnerNotFound",
        })
      }),
    )
  })

  it("stores a camera whole, changes it, and never gives its id again", async () => {
    await run(
      Effect.gen(function* () {
        const cameras = yield* Cameras
        const owner = yield* (yield* Owners).create({ name: "Ana", plan: "pro" })
        const camera = yield* cameras.create(newCamera(owner.id))
        expect(Redacted.value(camera.url)).toBe("rtsp://admin:hunter2@10.0.0.5:554/live?token=t0ken")
        expect(camera).toMatchObject({ profile: null, transport: "tcp", recordingEnabled: true })
        yield* cameras.setProfile(camera.id, { videoCodec: "h264", audioCodec: null })
        yield* cameras.setEnabled(camera.id, false)
        const changed = yield* cameras.update(camera.id, { url: Redacted.make("rtsp://h/2"), name: "Gate" })
        expect(changed).toMatchObject({
          id: camera.id,
          identity: camera.identity,
          name: "Gate",
          recordingEnabled: false,
          profile: { videoCodec: "h264", audioCodec: null },
        })
        expect(Redacted.value(changed.url)).toBe("rtsp://h/2")
        expect(yield* cameras.get(camera.id)).toEqual(changed)
        expect(yield* cameras.update(camera.id, {})).toEqual(changed)
        expect(yield* Effect.flip(cameras.update(camera.id, { ownerId: 12_345 }))).toMatchObject({
          _tag: "OwnerNotFound",
        })
        yield* cameras.remove(camera.id)
        expect(yield* cameras.list).toEqual([])
        for (const gone of [
          cameras.get(camera.id),
          cameras.setEnabled(camera.id, true),
          cameras.remove(camera.id),
        ]) {
          expect(yield* Effect.flip(gone)).toMatchObject({ _tag: "CameraNotFound", cameraId: camera.id })
        }
        expect((yield* cameras.create(newCamera(owner.id))).id).toBeGreaterThan(camera.id)
      }),
    )
  })

  it("gives new ids above those on disk", async () => {
    await run(
      Effect.gen(function* () {
        const cameras = yield* Cameras
        const owner = yield* (yield* Owners).create({ name: "Ana", plan: "pro" })
        yield* cameras.reserveIds(500)
        yield* cameras.reserveIds(3)
        yield* cameras.reserveIds(0)
        expect((yield* cameras.create(newCamera(owner.id))).id).toBe(501)
      }),
    )
  })

  it("holds no secret in the database", async () => {
    const text = await run(
      Effect.gen(function* () {
        const owner = yield* (yield* Owners).create({ name: "Ana", plan: "pro" })
        yield* (yield* Cameras).create(newCamera(owner.id))
        const sql = yield* SqlClient.SqlClient
        return JSON.stringify([yield* sql`SELECT * FROM cameras`, yield* sql`SELECT * FROM service_state`])
      }),
    )
    expect(text).toContain("rtsp://10.0.0.5:554/live")
    for (const secret of ["admin", "hunter2", "t0ken"]) expect(text).not.toContain(secret)
  })

  it("refuses a database that was sealed with another key", async () => {
    const otherState = mkdtempSync(join(tmpdir(), "vigia-storage-"))
    await run(Effect.void)
    const error = await Effect.runPromise(
      Effect.void.pipe(Effect.provide(layers(database.settings, otherState)), Effect.flip),
    )
    rmSync(otherState, { recursive: true })
    expect(error).toMatchObject({ _tag: "SecretUnreadable" })
  })

  it("pages recordings without leaving out or repeating any, while rows are added", async () => {
    await run(
      Effect.gen(function* () {
        const recordings = yield* Recordings
        const owner = yield* (yield* Owners).create({ name: "Ana", plan: "pro" })
        const { id } = yield* (yield* Cameras).create(newCamera(owner.id))
        const rows = Array.from({ length: 10 }, (_, index) => recording(id, index))
        yield* recordings.upsertMany(rows)
        const query = { cameraId: id, fromMillis: 2000, toMillis: 9000, limit: 3 }
        const starts: Array<number> = []
        let cursor: string | undefined
        do {
          const page = yield* recordings.list({ ...query, cursor })
          starts.push(...page.recordings.map(({ startMillis }) => startMillis / 1000))
          cursor = page.nextCursor ?? undefined
          yield* recordings.upsertMany([recording(id, 0), { ...recording(id, 20), startMillis: 1 }])
        } while (cursor !== undefined)
        expect(starts).toEqual([2, 3, 4, 5, 6, 7, 8])
        expect((yield* recordings.list({ limit: 1 })).recordings[0]).toMatchObject({
          sizeBytes: 3_000_000_000,
        })
        for (const wrong of ["", "x", "MTIz", "' OR 1=1"]) {
          expect(yield* Effect.flip(recordings.list({ ...query, cursor: wrong }))).toMatchObject({
            _tag: "InvalidCursor",
          })
        }
      }),
    )
  })
})
