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
import { databaseLayer } from "../../src/storage/Database.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import { makeTestDatabase } from "../support/database.ts"
import { insertRows } from "../verify/yearOfFiles.ts"

const layers = (settings: DatabaseSettings, stateDirectory: string) =>
  Layer.mergeAll(Owners.layer, Cameras.layer, Recordings.layer, CatalogStore.layer).pipe(
    Layer.provide(SecretBox.layer({ stateDirectory })),
    Layer.provideMerge(databaseLayer(settings)),
  )
type Services = Layer.Success<ReturnType<typeof layers>>

const cameras = 4
const dayMillis = 86_400_000
/** Late in the year of rows, so that a statement that reads from the beginning reads them all. */
const lateDay = Date.UTC(2025, 11, 1)

interface Reads {
  readonly seqScan: bigint
  readonly rows: bigint
}

describe("a day of one camera among a year of rows", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  let stateDirectory: string
  let runtime: ManagedRuntime.ManagedRuntime<Services, unknown>

  beforeAll(async () => {
    database = await makeTestDatabase()
    stateDirectory = mkdtempSync(join(tmpdir(), "vigia-rows-"))
    runtime = ManagedRuntime.make(layers(database.settings, stateDirectory))
    await runtime.runPromise(
      Effect.gen(function* () {
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
        yield* insertRows(yield* SqlClient.SqlClient, { cameraIds, days: 365, hours: 24 })
      }),
    )
  })
  afterAll(async () => {
    await runtime.dispose()
    await database.dispose()
    rmSync(stateDirectory, { recursive: true })
  })

  /** What the statements of an effect read of the recordings, as PostgreSQL counts it within one transaction. */
  const readsOf = (effect: Effect.Effect<unknown, unknown, Services>): Promise<Reads> =>
    runtime.runPromise(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const counted = Effect.map(
          sql<Reads>`
            SELECT seq_scan, idx_tup_fetch + seq_tup_read AS rows FROM pg_stat_xact_user_tables
            WHERE relname = 'recordings'`,
          ([reads]) => reads ?? { seqScan: -1n, rows: -1n },
        )
        return yield* sql.withTransaction(
          Effect.gen(function* () {
            // What the connection did before, and the server has not taken up yet, is counted, too.
            const before = yield* counted
            yield* effect
            const after = yield* counted
            return { seqScan: after.seqScan - before.seqScan, rows: after.rows - before.rows }
          }),
        )
      }),
    )

  it("is listed by an index, and no more is read than the day and the one before it", async () => {
    const reads = await readsOf(
      Effect.flatMap(Recordings, (recordings) =>
        recordings.list({ cameraId: 2, fromMillis: lateDay, toMillis: lateDay + dayMillis, limit: 100 }),
      ),
    )
    expect(reads.seqScan).toBe(0n)
    expect(Number(reads.rows)).toBeGreaterThanOrEqual(24)
    expect(Number(reads.rows)).toBeLessThan(60)
  })

  it("is accounted for by an index, too", async () => {
    const reads = await readsOf(
      Effect.flatMap(CatalogStore, (store) => store.facts(2, lateDay, lateDay + dayMillis)),
    )
    expect(reads.seqScan).toBe(0n)
    expect(Number(reads.rows)).toBeGreaterThanOrEqual(24)
    expect(Number(reads.rows)).toBeLessThan(60)
  })

  it("is paged without reading what the pages before held", async () => {
    const reads = await readsOf(
      Effect.gen(function* () {
        const recordings = yield* Recordings
        const query = { cameraId: 2, limit: 50 }
        const { nextCursor } = yield* recordings.list({ ...query, fromMillis: lateDay })
        yield* recordings.list({ ...query, fromMillis: lateDay, cursor: nextCursor ?? "" })
      }),
    )
    expect(reads.seqScan).toBe(0n)
    expect(Number(reads.rows)).toBeLessThan(200)
  })
})
