import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { DatabaseSettings } from "../../src/config/Settings.ts"
import { Cameras } from "../../src/storage/Cameras.ts"
import { CatalogStore } from "../../src/storage/CatalogStore.ts"
import { Clips } from "../../src/storage/Clips.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { DeletionStore } from "../../src/storage/DeletionStore.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { ExpiredRecordings } from "../../src/storage/ExpiredRecordings.ts"
import { Gaps } from "../../src/storage/Gaps.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import { makeTestDatabase } from "../support/database.ts"
import { insertRecordedDays } from "../verify/recordedDays.ts"
import { tableReads } from "./tableReads.ts"

const layers = (settings: DatabaseSettings, stateDirectory: string) =>
  Layer.mergeAll(
    Owners.layer,
    Cameras.layer,
    Recordings.layer,
    Gaps.layer,
    CatalogStore.layer,
    StorageAccounts.layer,
    ExpiredRecordings.layer,
    DeletionStore.layer,
    EvictionCandidates.layer,
    Clips.layer,
  ).pipe(Layer.provide(SecretBox.layer({ stateDirectory })), Layer.provideMerge(databaseLayer(settings)))
type Services = Layer.Success<ReturnType<typeof layers>>

const cameras = 8
const days = 365
const hours = 24
const dayMillis = 86_400_000
const untilMillis = Date.UTC(2026, 0, 1)
const firstMillis = untilMillis - days * dayMillis
/** A statement that reads from the first row on reads them all for a late day, one that reads to the last for an early one. */
const earlyMillis = firstMillis + 30 * dayMillis
const lateMillis = untilMillis - 30 * dayMillis
const wholeDays = [
  ["an early", earlyMillis, earlyMillis + dayMillis],
  ["a late", lateMillis, lateMillis + dayMillis],
] as const

describe("among a year of rows", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  let stateDirectory: string
  let runtime: ManagedRuntime.ManagedRuntime<Services, unknown>

  beforeAll(async () => {
    database = await makeTestDatabase()
    stateDirectory = mkdtempSync(join(tmpdir(), "vigia-rows-"))
    runtime = ManagedRuntime.make(layers(database.settings, stateDirectory))
    await runtime.runPromise(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const owner = yield* (yield* Owners).create({ name: "Ana", plan: "premium" })
        const cameraIds: Array<number> = []
        for (let camera = 0; camera < cameras; camera++) {
          const { id } = yield* (yield* Cameras).create({
            ownerId: owner.id,
            name: `Door ${camera}`,
            url: Redacted.make("rtsp://127.0.0.1/door"),
            transport: "tcp",
            recordingEnabled: true,
          })
          cameraIds.push(id)
        }
        yield* insertRecordedDays(sql, { cameraIds, days, filesPerDay: hours, untilMillis })
        // Of one camera many, of each other few.
        yield* sql`
          INSERT INTO clips (id, camera_id, name, state, is_exact, from_time, to_time, file_path, created_at)
          SELECT gen_random_uuid(), CASE WHEN number < 5000 THEN 1 ELSE 2 + number % 7 END, format('clip %s', number),
            'ready', false, start_time, end_time, format('clips/%s.mp4', number), start_time
          FROM (SELECT row_number() OVER () AS number, start_time, end_time FROM recordings LIMIT 5100) AS numbered`
        yield* sql`ANALYZE clips`
      }),
    )
  })
  afterAll(async () => {
    await runtime.dispose()
    await database.dispose()
    rmSync(stateDirectory, { recursive: true })
  })

  /** Reads of the tables that grow for as long as a service runs: each by an index; how many rows of each. */
  const rowsRead = async (
    effect: Effect.Effect<unknown, unknown, Services>,
  ): Promise<Readonly<Record<"recordings" | "gaps" | "clips", number>>> => {
    const reads = await runtime.runPromise(tableReads(effect))
    const rows = (table: string) =>
      reads.filter((read) => read.table === table).reduce((sum, read) => sum + read.rows, 0)
    const growing = reads.filter(({ table }) => ["recordings", "gaps", "clips"].includes(table))
    expect(growing.filter(({ node, indexes }) => node === "Seq Scan" || indexes.length === 0)).toEqual([])
    return { recordings: rows("recordings"), gaps: rows("gaps"), clips: rows("clips") }
  }

  it("the status of a camera asks for no recording", async () => {
    const read = await rowsRead(
      Effect.andThen(
        Effect.flatMap(Cameras, (store) => store.get(2)),
        Effect.flatMap(Owners, (store) => store.get(1)),
      ),
    )
    expect(read).toEqual({ recordings: 0, gaps: 0, clips: 0 })
  })

  it("the storage answer asks for no recording, and what is measured beside it for those of the last day", async () => {
    expect(await rowsRead(Effect.flatMap(StorageAccounts, ({ list }) => list))).toMatchObject({
      recordings: 0,
      gaps: 0,
    })
    const measured = await rowsRead(
      Effect.flatMap(StorageAccounts, (store) => store.measures(untilMillis - dayMillis)),
    )
    // The first and those of the day.
    expect(measured).toEqual({ recordings: cameras * (1 + hours), gaps: 0, clips: 0 })
  })

  it.each(wholeDays)("%s day of one camera is listed from its own rows", async (_, fromMillis, toMillis) => {
    const query = { cameraId: 2, fromMillis, toMillis }
    const first = await rowsRead(Effect.flatMap(Recordings, (store) => store.list({ ...query, limit: 100 })))
    // And those that touch it.
    expect(first.recordings).toBeGreaterThanOrEqual(hours)
    expect(first.recordings).toBeLessThanOrEqual(hours + 2)

    const { nextCursor } = await runtime.runPromise(
      Effect.flatMap(Recordings, (store) => store.list({ ...query, limit: 12 })),
    )
    const second = await rowsRead(
      Effect.flatMap(Recordings, (store) => store.list({ ...query, limit: 12, cursor: nextCursor ?? "" })),
    )
    expect(second.recordings).toBeGreaterThanOrEqual(hours - 12)
    expect(second.recordings).toBeLessThanOrEqual(hours - 12 + 2)
  })

  it("a page of an open range reads no more than the page", async () => {
    const limit = 50
    const fromMillis = earlyMillis
    const read = Effect.flatMap(Recordings, (store) => store.list({ cameraId: 2, fromMillis, limit }))
    expect((await rowsRead(read)).recordings).toBeLessThanOrEqual(limit + 3)
    const { nextCursor } = await runtime.runPromise(read)
    const cursor = nextCursor ?? ""
    const second = Effect.flatMap(Recordings, (store) =>
      store.list({ cameraId: 2, fromMillis, limit, cursor }),
    )
    expect((await rowsRead(second)).recordings).toBeLessThanOrEqual(limit + 3)
    const all = Effect.flatMap(Recordings, (store) => store.list({ cameraId: 2, limit }))
    expect((await rowsRead(all)).recordings).toBeLessThanOrEqual(limit + 3)
  })

  it.each(wholeDays)("%s day is accounted for from its own rows", async (_, fromMillis, toMillis) => {
    const read = await rowsRead(Effect.flatMap(CatalogStore, (store) => store.facts(2, fromMillis, toMillis)))
    expect(read.recordings).toBeGreaterThanOrEqual(hours)
    expect(read.recordings).toBeLessThanOrEqual(hours + 2)
    // And those of the day before it.
    expect(read.gaps).toBeGreaterThanOrEqual(hours / 6)
    expect(read.gaps).toBeLessThanOrEqual((2 * hours) / 6 + 2)
    const listed = await rowsRead(Effect.flatMap(Gaps, (store) => store.list(2, fromMillis, toMillis)))
    expect(listed.gaps).toBeLessThanOrEqual((2 * hours) / 6 + 2)

    const sound = await rowsRead(
      Effect.flatMap(Recordings, (store) => store.isAudioMissing(2, fromMillis, toMillis)),
    )
    expect(sound.recordings).toBe(0)
  })

  it("what has expired is found among nothing else", async () => {
    const cutoffs = [1, 2].map((cameraId) => ({ cameraId, beforeMillis: earlyMillis }))
    // A file that ends just then does not end before it.
    const expired = 2 * (30 * hours - 1)
    const sums = await rowsRead(Effect.flatMap(ExpiredRecordings, (store) => store.sums(cutoffs)))
    expect(sums).toEqual({ recordings: expired, gaps: 0, clips: 0 })
    const limit = 100
    const choice = { cutoffs, after: null, except: new Set<string>(), limit }
    const marked = await rowsRead(
      Effect.flatMap(DeletionStore, (store) => store.markExpired(choice, untilMillis)),
    )
    // A page of each camera, and the chosen ones once more by their ids.
    expect(marked.recordings).toBeGreaterThan(limit)
    expect(marked.recordings).toBeLessThan(4 * limit)
    expect(marked.gaps).toBeLessThanOrEqual(2)
  })

  it("what may be evicted is the first of each camera", async () => {
    const cameraIds = Array.from({ length: cameras }, (_, at) => at + 1)
    const read = await rowsRead(
      Effect.flatMap(EvictionCandidates, (store) => store.oldest(cameraIds, 16, [])),
    )
    expect(read).toEqual({ recordings: cameras * 16, gaps: 0, clips: 0 })
    const paths = ["cam_3/2025-01-01", "cam_4/2025-01-01/00-00-00.mp4"]
    const rest = await rowsRead(
      Effect.flatMap(EvictionCandidates, (store) => store.oldest(cameraIds, 16, paths)),
    )
    // PostgreSQL rounds what it removed by camera.
    expect(rest.recordings).toBeGreaterThan(cameras * 16)
    expect(rest.recordings).toBeLessThanOrEqual(cameras * 16 + hours + cameras)
  })

  it("the clips of a camera are listed without those of others, and made of the recordings of their range", async () => {
    const listed = await rowsRead(Effect.flatMap(Clips, (store) => store.list({ cameraId: 2, limit: 100 })))
    expect(listed.recordings + listed.gaps).toBe(0)
    expect(listed.clips).toBeGreaterThan(0)
    expect(listed.clips).toBeLessThan(100)
    const fromMillis = lateMillis
    const sources = await rowsRead(
      Effect.flatMap(Clips, (clips) => clips.sources(2, fromMillis, fromMillis + 3_600_000)),
    )
    expect(sources.recordings).toBeGreaterThan(0)
    expect(sources.recordings).toBeLessThan(hours + 5)
  })
})
