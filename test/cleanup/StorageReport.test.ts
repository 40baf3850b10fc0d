import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DiskPressure } from "../../src/cleanup/DiskPressure.ts"
import { StorageReport } from "../../src/cleanup/StorageReport.ts"
import { retentionDays } from "../../src/domain/Plan.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"

const day = 86_400_000
const space = { totalBytes: 1_000_000, freeBytes: 950_000, files: null }
let database: Awaited<ReturnType<typeof makeTestDatabase>>

const pressure = Layer.succeed(
  DiskPressure,
  DiskPressure.of({
    limits: { warningPercent: 80, criticalPercent: 90, reserveBytes: 0 },
    reading: Effect.succeed({
      space,
      error: null,
      state: "ok",
      obstacle: null,
      isRecordingStopped: false,
      probedAtMillis: 0,
    }),
    refusal: Effect.succeed(null),
    onRoomReturned: () => undefined,
    begin: Effect.void,
  }),
)

const services = () =>
  StorageReport.layer({ planDays: retentionDays, measureIntervalMillis: 10 }).pipe(
    Layer.provideMerge(
      Layer.mergeAll(Catalog.layer(), StorageAccounts.layer, EvictionCandidates.layer, pressure),
    ),
    Layer.provideMerge(databaseLayer(database.settings)),
  )

const within = async <A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof services>>>) => {
  const runtime = ManagedRuntime.make(services())
  try {
    return await runtime.runPromise(effect)
  } finally {
    await runtime.dispose()
  }
}

const row = (cameraId: number, at: number, startMillis: number, change: object = {}) => ({
  cameraId,
  startTime: new Date(startMillis),
  endTime: new Date(startMillis + 10_000),
  filePath: `cam_${cameraId}/2026-01-14/${at}.mp4`,
  fileSize: 1000,
  duration: 10,
  runId: "run",
  segmentNumber: at,
  state: "closed",
  frames: 1,
  fragments: 1,
  videoCodec: "h264",
  audio: "none",
  ...change,
})

beforeAll(async () => {
  database = await makeTestDatabase()
})
afterAll(() => database.dispose())

describe("StorageReport", () => {
  it("says nothing of rates while nothing was recorded", async () => {
    const found = await within(Effect.flatMap(StorageReport, ({ current }) => current))
    expect(found).toMatchObject({ owners: [], forecast: null, disk: { space } })
  })

  it("tells who uses what, and how long the disk lasts at the measured rates", async () => {
    await within(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO owners (name, plan, quota_bytes) VALUES ('a', 'basic', 5000000000), ('b', 'pro', NULL)`
        yield* sql`INSERT INTO cameras (owner_id, name, url, sealed_url, transport, recording_enabled, retention_days)
          VALUES (1, 'one', '', '', 'tcp', true, 2), (1, 'off', '', '', 'tcp', false, NULL)`
        const rows = [
          row(1, 1, Date.now() - 3_600_000),
          row(1, 2, Date.now() - 1_800_000, { fileSize: 3000 }),
          // Of the last day only what counts as recorded is measured.
          row(1, 3, Date.now() - day * 1.5, { fileSize: 7 }),
          row(1, 4, Date.now() - 1_000_000, { state: "missing", fileSize: 9_999 }),
        ]
        for (const one of rows) yield* sql`INSERT INTO recordings ${sql.insert(one)}`
      }),
    )
    const runtime = ManagedRuntime.make(services())
    const found = await awaitFact("the rates are measured", async () => {
      const now = await runtime.runPromise(Effect.flatMap(StorageReport, ({ current }) => current))
      return now.forecast === null ? null : now
    })
    await runtime.dispose()
    expect(found.owners.map(({ quotaBytes, cameras }) => [quotaBytes, cameras.length])).toEqual([
      [5_000_000_000, 2],
      [null, 0],
    ])
    const [one, off] = found.owners[0]?.cameras ?? []
    expect(one).toMatchObject({ totalBytes: 4007, recordings: 3, bytesPerSecond: 200, retentionDays: 2 })
    expect(off).toMatchObject({ totalBytes: 0, recordings: 0, bytesPerSecond: null })
    // Half a day is left of two; the disk would take 900,000 bytes, of which 50,000 are used.
    expect(found.forecast).toMatchObject({ bytesPerSecond: 200, unmeasuredCameras: 0 })
    expect((found.forecast?.fullInMillis ?? 0) / 1000).toBeCloseTo(850_000 / 200, 3)
    expect(found.forecast?.plans).toMatchObject([{ plan: "basic", retentionDays: 2, fits: false }])
    const historySeconds = (found.forecast?.plans[0]?.historyDays ?? 0) * 86_400
    expect(historySeconds).toBeCloseTo((900_000 - (50_000 - 4007)) / 200, 3)
  })

  it("tells whose the clips are that are there, also of a camera that was removed", async () => {
    await within(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO cameras (owner_id, name, url, sealed_url, transport, recording_enabled, deleted_at)
          VALUES (2, 'removed', '', '', 'tcp', false, now())`
        const clips = [
          [1, "ready", 100],
          [1, "ready", 50],
          [1, "failed", null],
          [1, "exporting", null],
          [3, "ready", 7],
        ] as const
        for (const [at, [cameraId, state, fileSize]] of clips.entries()) {
          yield* sql`INSERT INTO clips ${sql.insert({
            id: `00000000-0000-4000-8000-00000000000${at}`,
            cameraId,
            name: `clip ${at}`,
            state,
            isExact: false,
            fromTime: new Date(0),
            toTime: new Date(1000),
            filePath: `cam_${cameraId}/clips/${at}.mp4`,
            fileSize,
            createdAt: new Date(0),
          })}`
        }
      }),
    )
    const runtime = ManagedRuntime.make(services())
    const found = await awaitFact("they are summed", async () => {
      const now = await runtime.runPromise(Effect.flatMap(StorageReport, ({ current }) => current))
      return now.owners[0]?.cameras[0]?.clips === null ? null : now
    })
    await runtime.dispose()
    expect(found.owners.map(({ cameras }) => cameras.map(({ clips }) => clips))).toEqual([
      [
        { clips: 2, bytes: 150 },
        { clips: 0, bytes: 0 },
      ],
      [{ clips: 1, bytes: 7 }],
    ])
  })

  it("asks the database by indexes alone, also where the table is large", async () => {
    await within(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id,
            segment_number, state, frames, fragments, video_codec, audio)
          SELECT 1 + n % 2, '2025-01-01'::timestamptz + n * interval '1 minute',
            '2025-01-01'::timestamptz + (n + 1) * interval '1 minute', 'many/' || n, 10, 60, 'many', n,
            'closed', 1, 1, 'h264', 'none' FROM generate_series(1, 50000) AS n`
        yield* sql`ANALYZE recordings`
        const candidates = yield* EvictionCandidates
        const accounts = yield* StorageAccounts
        const counted = Effect.map(
          sql<{ seqScan: bigint; rows: bigint }>`
            SELECT seq_scan, idx_tup_fetch + seq_tup_read AS rows FROM pg_stat_xact_user_tables
            WHERE relname = 'recordings'`,
          ([reads]) => [Number(reads?.seqScan), Number(reads?.rows)] as const,
        )
        // Within one transaction: other statements of its connection may be counted before it.
        const [seqScans, rows] = yield* sql.withTransaction(
          Effect.gen(function* () {
            const before = yield* counted
            expect((yield* candidates.oldest([1, 2], 16, [])).length).toBe(32)
            yield* accounts.measures(Date.now() - day)
            const after = yield* counted
            return [after[0] - before[0], after[1] - before[1]]
          }),
        )
        expect(seqScans).toBe(0)
        expect(rows).toBeGreaterThanOrEqual(32)
        expect(rows).toBeLessThan(100)
      }),
    )
  })
})
