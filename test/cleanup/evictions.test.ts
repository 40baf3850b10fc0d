import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as fc from "fast-check"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Deletion, type DoomedRecording } from "../../src/cleanup/Deletion.ts"
import { makeEvictions } from "../../src/cleanup/evictions.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import { makeTestDatabase } from "../support/database.ts"

const minute = 60_000
const limits = { warningPercent: 50, criticalPercent: 100, reserveBytes: 1000 }

interface File {
  readonly cameraId: number
  readonly sizeBytes: number
  readonly endMinute: number
  readonly kind: "closed" | "growing" | "missing" | "protected" | "clip" | "marked" | "stuck"
}

/** Cameras 1 and 2 are those of owner 1; 3 and 4 of owners 2 and 3, and 4 was removed. */
const owners = [1, 1, 2, 3]
const ownerOf = (cameraId: number): number => owners[cameraId - 1] ?? 0

let database: Awaited<ReturnType<typeof makeTestDatabase>>
let root: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "vigia-evictions-"))
  database = await makeTestDatabase()
  await Effect.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO owners (name, plan) VALUES ('a', 'basic'), ('b', 'pro'), ('c', 'premium')`
      for (const [at, ownerId] of owners.entries()) {
        yield* sql`INSERT INTO cameras (owner_id, name, url, sealed_url, transport, recording_enabled, deleted_at)
          VALUES (${ownerId}, ${`camera ${at + 1}`}, '', '', 'tcp', true, ${at === 3 ? new Date(0) : null})`
      }
    }).pipe(Effect.provide(databaseLayer(database.settings))),
  )
})

afterAll(async () => {
  await database.dispose()
  rmSync(root, { recursive: true, force: true })
})

const store = (files: ReadonlyArray<File>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DELETE FROM recordings`
    for (const [at, { cameraId, sizeBytes, endMinute, kind }] of files.entries()) {
      yield* sql`INSERT INTO recordings ${sql.insert({
        cameraId,
        startTime: new Date((endMinute - 1) * minute),
        endTime: new Date(endMinute * minute),
        filePath: `cam_${cameraId}/1970-01-01/${at}.mp4`,
        fileSize: sizeBytes,
        duration: 60,
        isClip: kind === "clip",
        isProtected: kind === "protected",
        deletingAt: kind === "marked" ? new Date(0) : null,
        // Each of a run of its own: the end of a file before a growing one still moves, so that it may not go.
        runId: `run-${at}`,
        segmentNumber: 0,
        state: kind === "growing" || kind === "missing" ? kind : "closed",
        frames: 1,
        fragments: 1,
        videoCodec: "h264",
        audio: "none",
      })}`
    }
  })

/** A disk that holds these files and nothing else, and a deletion that frees it. */
const scene = async (
  files: ReadonlyArray<File>,
  act: (
    evictions: ReturnType<typeof makeEvictions>,
    disk: { freeBytes: number },
  ) => Effect.Effect<void, unknown>,
  freeBytes = 0,
) => {
  const disk = { freeBytes }
  const asked: Array<DoomedRecording> = []
  const lines: Array<string> = []
  const byPath = (filePath: string) => files[Number(/(\d+)\.mp4$/.exec(filePath)?.[1])]
  const layers = Layer.mergeAll(Catalog.layer(), EvictionCandidates.layer, StorageAccounts.layer).pipe(
    Layer.provideMerge(databaseLayer(database.settings)),
    Layer.provideMerge(
      Logger.layer([Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))]),
    ),
  )
  const runtime = ManagedRuntime.make(layers)
  const withSql = ManagedRuntime.make(databaseLayer(database.settings))
  await withSql.runPromise(store(files))
  await withSql.dispose()
  await runtime.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const deletion = Deletion.of({
        remove: (doomed) =>
          Effect.gen(function* () {
            const stuck = doomed.filter(({ filePath }) => byPath(filePath)?.kind === "stuck")
            const gone = doomed.filter((one) => !stuck.includes(one))
            for (const { id } of gone) yield* sql`DELETE FROM recordings WHERE id = ${id}`
            asked.push(...gone)
            const freedBytes = gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
            disk.freeBytes += freedBytes
            return {
              removed: gone.length,
              freedBytes,
              failures: stuck.map(({ filePath }) => ({ filePath, code: "EPERM" })),
            }
          }).pipe(Effect.orDie),
        finishInterrupted: Effect.die("not asked"),
      })
      const evictions = makeEvictions({
        deletion,
        candidates: yield* EvictionCandidates,
        accounts: yield* StorageAccounts,
        catalog: yield* Catalog,
      })
      yield* act(evictions, disk)
    }),
  )
  await runtime.dispose()
  return { disk, lines, gone: asked.map(({ filePath }) => byPath(filePath)) }
}

const anyFile: fc.Arbitrary<File> = fc.record({
  cameraId: fc.integer({ min: 1, max: 4 }),
  sizeBytes: fc.integer({ min: 1, max: 300 }),
  endMinute: fc.integer({ min: 1, max: 500 }),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant("closed" as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        "growing" as const,
        "missing" as const,
        "protected" as const,
        "clip" as const,
        "marked" as const,
        "stuck" as const,
      ),
    },
  ),
})

const relieveIt = (files: ReadonlyArray<File>, freeBytes: number) =>
  scene(
    files,
    ({ relieve }, disk) =>
      relieve(
        Effect.sync(() => ({ totalBytes: 40_000, ...disk })),
        limits,
      ),
    freeBytes,
  )

describe("evictions", () => {
  it("free what is needed and no file more, of closed recordings that nothing protects", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFile, { maxLength: 60 }),
        fc.integer({ min: 0, max: 1500 }),
        async (files, freeBytes) => {
          const { disk, gone } = await relieveIt(files, freeBytes)
          expect(gone.every((file) => file?.kind === "closed")).toBe(true)
          // 2 % of 40,000, and the reserve with a tenth.
          const goalBytes = 1100
          const closed = files.filter(({ kind }) => kind === "closed")
          expect(disk.freeBytes >= goalBytes || gone.length === closed.length).toBe(true)
          expect(disk.freeBytes - (gone.at(-1)?.sizeBytes ?? Infinity)).toBeLessThan(goalBytes)
          for (const ownerId of owners) {
            const ends = gone.flatMap((file) =>
              file !== undefined && ownerOf(file.cameraId) === ownerId ? [file.endMinute] : [],
            )
            expect(ends).toEqual(ends.toSorted((a, b) => a - b))
          }
        },
      ),
      { numRuns: 15, seed: 7 },
    )
  })

  it("pass over what cannot be deleted, however much of it is the oldest", async () => {
    const stuck = Array.from({ length: 40 }, (_, at): File => ({
      cameraId: 1,
      sizeBytes: 500,
      endMinute: at + 1,
      kind: "stuck",
    }))
    const good: File = { cameraId: 1, sizeBytes: 2000, endMinute: 400, kind: "closed" }
    const { gone, disk } = await relieveIt([...stuck, good], 0)
    expect(gone).toEqual([good])
    expect(disk.freeBytes).toBe(2000)
  })

  it("bring cameras and owners back within their quotas, and no further", async () => {
    const file = (cameraId: number, endMinute: number, kind: File["kind"] = "closed"): File => ({
      cameraId,
      sizeBytes: 100,
      endMinute,
      kind,
    })
    const files = [
      ...[1, 2, 3, 4, 5].map((at) => file(1, at)),
      ...[6, 7, 8].map((at) => file(2, at)),
      file(3, 9, "protected"),
      file(3, 10),
    ]
    const { gone, lines } = await scene(files, ({ enforceQuotas }) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE cameras SET quota_bytes = 300 WHERE id = 1`
        yield* sql`UPDATE owners SET quota_bytes = 500 WHERE id = 1`
        yield* sql`UPDATE owners SET quota_bytes = 50 WHERE id = 2`
        yield* enforceQuotas()
        yield* enforceQuotas()
      }).pipe(Effect.provide(databaseLayer(database.settings))),
    )
    expect(gone.map((one) => one?.endMinute)).toEqual([1, 2, 3, 10])
    expect(lines).toEqual(
      Array.from({ length: 3 }, () => "Warn evicted recordings: they were over their quota"),
    )
  })
})
