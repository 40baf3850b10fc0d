import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { databaseLayer } from "../../src/storage/Database.ts"
import { DeletionStore } from "../../src/storage/DeletionStore.ts"
import { recordingColumns } from "../../src/storage/recordingColumns.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { makeTestDatabase } from "../support/database.ts"

const startMillis = Date.parse("2026-06-01T10:00:00Z")
const file = {
  cameraId: 1,
  filePath: "cam_1/2026-06-01/10-00-00.mp4",
  startMillis,
  endMillis: startMillis + 3_600_000,
  sizeBytes: 4711,
  runId: "run",
  number: 3,
  state: "closed" as const,
  frames: 90_000,
  missingFrames: 12,
  lostPackets: null,
  damagedFramesAtMost: null,
  fragments: 6_000,
  videoCodec: "avc1.64001f",
  audio: "recorded" as const,
}

describe("rows of recordings that are being deleted", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  beforeAll(async () => {
    database = await makeTestDatabase()
    await run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO owners (name, plan) VALUES ('a', 'basic')`
        yield* sql`INSERT INTO cameras (owner_id, name, url, sealed_url, transport, recording_enabled)
          VALUES (1, 'door', '', '', 'tcp', true)`
        yield* (yield* Recordings).upsertMany([{ ...file, segmentNumber: 3 }])
      }),
    )
  })
  afterAll(() => database.dispose())

  const run = <A, E>(
    effect: Effect.Effect<A, E, SqlClient.SqlClient | DeletionStore | Recordings>,
  ): Promise<A> =>
    Effect.runPromise(
      effect.pipe(
        Effect.provide([DeletionStore.layer, Recordings.layer]),
        Effect.provide(databaseLayer(database.settings)),
      ),
    )
  const allRows = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* sql`SELECT * FROM recordings`
  })

  it("have all columns of a recording", async () => {
    const columns = (table: string) =>
      run(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const rows = yield* sql<{ columnName: string }>`
            SELECT column_name FROM information_schema.columns WHERE table_name = ${table}`
          return rows.map(({ columnName }) => columnName).toSorted()
        }),
      )
    expect(await columns("recordings")).toEqual(recordingColumns.toSorted())
    expect(await columns("deletions")).toEqual([...recordingColumns, "batch_id", "marked_at"].toSorted())
  })

  it("are as they were when their file cannot be deleted, and are not written again meanwhile", async () => {
    await run(
      Effect.gen(function* () {
        const store = yield* DeletionStore
        const before = yield* allRows
        const batch = yield* store.mark([1], "evicted", startMillis)
        expect(batch).toMatchObject({ recordings: 1, files: [{ cameraId: 1, filePaths: file.filePath }] })
        expect(yield* store.mark([1], "evicted", startMillis)).toBeNull()
        yield* (yield* Recordings).upsertMany([{ ...file, segmentNumber: 3 }])
        expect(yield* allRows).toEqual([])
        expect(yield* store.nextMarked(0)).toEqual(batch)
        const batchId = batch?.batchId ?? 0
        expect(yield* store.nextMarked(batchId)).toBeNull()
        yield* store.settle(batchId, [file.filePath])
        expect(yield* allRows).toEqual(before)
        expect(yield* store.nextMarked(0)).toBeNull()
      }),
    )
  })
})
