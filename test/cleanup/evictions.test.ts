import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as fc from "fast-check"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { databaseLayer } from "../../src/storage/Database.ts"
import { makeTestDatabase } from "../support/database.ts"
import { closedFiles, type File, limits, relieveIt, type SceneDisk, scene, spaceOf } from "./EvictionScene.ts"

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
        "stuck" as const,
        "held" as const,
      ),
    },
  ),
})

describe("evictions", () => {
  it("free what is needed and no file more, of closed recordings that nothing protects", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFile, { maxLength: 60 }),
        fc.integer({ min: 0, max: 1500 }),
        async (files, freeBytes) => {
          const { disk, gone, obstacle } = await relieveIt(database, files, { freeBytes })
          expect(gone.every((file) => file?.kind === "closed")).toBe(true)
          // 2 % of 40,000, and the reserve with a tenth.
          const goalBytes = 1100
          const closed = files.filter(({ kind }) => kind === "closed")
          const sizeOf = (some: ReadonlyArray<File | undefined>) =>
            some.reduce((sum, file) => sum + (file?.sizeBytes ?? 0), 0)
          const isAt = {
            done: disk.freeBytes >= goalBytes,
            nothing_evictable: gone.length === closed.length,
            out_of_reach: freeBytes + sizeOf(closed) < goalBytes,
            undeletable: false,
          }
          expect(isAt[obstacle ?? "done"]).toBe(true)
          // What the file system refuses is known only when it was tried.
          const isForeseen = !files.some(({ kind }) => kind === "stuck")
          expect(isForeseen && gone.length > 0 && disk.freeBytes < goalBytes).toBe(false)
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
    const { gone, disk, marked, reliefs, lines } = await relieveIt(database, [...stuck, good], {})
    expect(gone).toEqual([good])
    expect(disk.freeBytes).toBe(2000)
    // One batch says that the day of the others is not to be deleted from.
    expect(reliefs.map(({ obstacle }) => obstacle)).toEqual(["undeletable", null])
    expect(marked()).toBe(3 + 1)
    expect(lines.filter((line) => line.includes("evicted"))).toHaveLength(1)
  })

  it("leave alone what cannot be deleted for as long as they live, whatever the clock is set to", async () => {
    const stuck = closedFiles(1, 1, 3, 2000).map((file): File => ({ ...file, kind: "stuck" }))
    const obstacles: Array<string | null> = []
    const clocks: ReadonlyArray<SceneDisk["clock"]> = [
      { nowMillis: null, livedMillis: 0 },
      { nowMillis: Date.now() + 86_400_000, livedMillis: 0 },
      { nowMillis: Date.now() - 30 * 86_400_000, livedMillis: 60_000 },
    ]
    await scene(database, stuck, ({ relieve }, disk) =>
      Effect.gen(function* () {
        for (const clock of clocks) {
          disk.clock = clock
          const { obstacle } = yield* relieve(
            Effect.sync(() => spaceOf(disk)),
            limits,
          )
          obstacles.push(obstacle)
        }
      }),
    )
    expect(obstacles).toEqual(["undeletable", "nothing_evictable", "undeletable"])
  })

  it("mark hardly any rows where nothing can be deleted, however often they are tried", async () => {
    const stuck = [1, 2, 3].flatMap((cameraId) =>
      closedFiles(cameraId, 1, 30).map((file): File => ({ ...file, kind: "stuck" })),
    )
    const { gone, marked, reliefs, obstacle } = await relieveIt(database, stuck, {})
    expect(gone).toEqual([])
    // A batch, then one file of each day that is not yet known to be refused.
    expect(marked()).toBeLessThanOrEqual(16 + 3)
    expect(reliefs.length).toBeLessThanOrEqual(1 + 3)
    expect(obstacle).toBe("nothing_evictable")
  })

  it("delete no more than was missing at first, where the disk does not show what is freed", async () => {
    const { gone, reliefs } = await relieveIt(database, closedFiles(1, 1, 100), { showsFreed: false })
    expect(gone).toHaveLength(11)
    expect(reliefs).toMatchObject([{ freed: { bytes: 1100, files: 0 }, obstacle: null }])
  })

  it("delete nothing for a goal that is not reached with all recordings gone", async () => {
    const { gone, obstacle } = await relieveIt(database, closedFiles(1, 1, 10), { freeBytes: 50 })
    expect(gone).toEqual([])
    expect(obstacle).toBe("out_of_reach")
  })

  it.each(["growing", "missing", "protected", "clip", "held"] as const)(
    "delete nothing for a goal that would be reached only with a recording that is %s",
    async (kind) => {
      const other: File = { cameraId: 1, sizeBytes: 1000, endMinute: 90, kind }
      const { gone, obstacle } = await relieveIt(database, [...closedFiles(1, 1, 5), other], {})
      expect(gone).toEqual([])
      expect(obstacle).toBe("out_of_reach")
    },
  )

  it("delete nothing for a goal that would be reached only with what the file system refused before", async () => {
    const stuck = closedFiles(1, 1, 16).map((file): File => ({ ...file, kind: "stuck" }))
    const { gone, reliefs } = await relieveIt(database, [...stuck, ...closedFiles(1, 50, 5)], {})
    expect(gone).toEqual([])
    expect(reliefs.map(({ obstacle }) => obstacle)).toEqual(["undeletable", "out_of_reach"])
  })

  it("delete nothing where all files together are too few, however little bytes are short", async () => {
    const { gone, obstacle, reliefs } = await relieveIt(database, closedFiles(1, 1, 40), {
      freeBytes: 30_000,
      files: { total: 100_000, free: 0 },
    })
    expect(gone).toEqual([])
    expect(obstacle).toBe("out_of_reach")
    expect(reliefs).toMatchObject([{ freed: { bytes: 0, files: 0 } }])
  })

  it("end where what came into use meanwhile leaves the goal out of reach", async () => {
    const busy = closedFiles(1, 1, 10).map((file): File => ({ ...file, kind: "busy" }))
    const { gone, obstacle } = await relieveIt(database, [...busy, ...closedFiles(1, 50, 5)], {})
    // The first batch held one of them.
    expect(gone).toHaveLength(1)
    expect(obstacle).toBe("out_of_reach")
  })

  it("count as reachable what an earlier deletion left marked, and free no more than is missing", async () => {
    const { gone, disk, obstacle } = await relieveIt(database, closedFiles(1, 1, 5), {
      interruptedBytes: 800,
    })
    expect(gone).toHaveLength(3)
    expect(disk.freeBytes).toBe(1100)
    expect(obstacle).toBeNull()
  })

  it("free the reserve alone, where others take more than the critical mark leaves", async () => {
    const some = { ...limits, criticalPercent: 90 }
    const { gone, disk, obstacle } = await relieveIt(
      database,
      closedFiles(1, 1, 30),
      { freeBytes: 900 },
      some,
    )
    expect(gone).toHaveLength(2)
    expect(disk.freeBytes).toBe(1100)
    expect(obstacle).toBeNull()
    const next = await relieveIt(database, closedFiles(1, 1, 28), { freeBytes: 1100 }, some)
    expect(next.gone).toEqual([])
    expect(next.obstacle).toBe("out_of_reach")
  })

  it("free files, where these are short and bytes are not", async () => {
    const { gone, disk } = await relieveIt(database, closedFiles(1, 1, 30), {
      freeBytes: 30_000,
      files: { total: 100, free: 2 },
    })
    // To a tenth of them and a tenth of that; a recording goes with its index.
    expect(gone.map((file) => file?.endMinute)).toEqual([1, 2, 3, 4, 5])
    expect(disk.files?.free).toBe(12)
  })

  it("begin with what an earlier deletion left marked", async () => {
    const { gone, disk } = await relieveIt(database, closedFiles(1, 1, 30), { interruptedBytes: 800 })
    expect(disk.freeBytes).toBe(1100)
    expect(gone).toHaveLength(3)
  })

  it("count for evicted what is gone, and not what came into use meanwhile", async () => {
    const busy = closedFiles(1, 1, 10).map((file): File => ({ ...file, kind: "busy" }))
    const { gone, disk, lines, events } = await relieveIt(database, [...busy, ...closedFiles(1, 50, 30)], {})
    expect(gone.map((file) => file?.endMinute)).toEqual(Array.from({ length: 11 }, (_, at) => 50 + at))
    expect(disk.freeBytes).toBe(1100)
    // Of the eleven that were chosen first one was not in use; then ten more go.
    expect(lines.flatMap((line) => /evicted.*files=(\d+)/.exec(line)?.[1] ?? [])).toEqual(["1", "10"])
    const told = events.map((event) => (event.type === "recordings.evicted" ? event : null))
    expect(told).toMatchObject([
      { cameraId: 1, reason: "disk", ownerId: 1, files: 1, sizeBytes: 100 },
      { cameraId: 1, reason: "disk", ownerId: 1, files: 10, sizeBytes: 1000 },
    ])
  })

  it("take from who uses most, whatever his quota allows him", async () => {
    const files = [...closedFiles(1, 100, 40), ...closedFiles(3, 1, 10)]
    const { gone } = await scene(database, files, ({ relieve }, disk) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE owners SET quota_bytes = ${2 ** 40} WHERE id = 1`
        yield* relieve(
          Effect.sync(() => spaceOf(disk)),
          limits,
        )
        yield* sql`UPDATE owners SET quota_bytes = NULL WHERE id = 1`
      }).pipe(Effect.provide(databaseLayer(database.settings))),
    )
    expect(gone.map((file) => file?.cameraId)).toEqual(Array.from({ length: 11 }, () => 1))
  })

  it("take from who uses most with his clips, which stay and count for no quota", async () => {
    const files = [...closedFiles(1, 100, 20), ...closedFiles(3, 1, 30)]
    const { gone } = await scene(database, files, ({ relieve, enforceQuotas }, disk) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO clips (id, camera_id, name, state, is_exact, from_time, to_time, file_path, file_size,
            created_at)
          VALUES ('00000000-0000-4000-8000-000000000001', 2, 'clip', 'ready', false, now(), now(),
            'cam_2/clips/clip.mp4', 3000, now())`
        yield* sql`UPDATE owners SET quota_bytes = 2000 WHERE id = 1`
        yield* enforceQuotas()
        yield* sql`UPDATE owners SET quota_bytes = NULL WHERE id = 1`
        yield* relieve(
          Effect.sync(() => spaceOf(disk)),
          limits,
        )
        expect(yield* sql`DELETE FROM clips RETURNING id`).toHaveLength(1)
      }).pipe(Effect.provide(databaseLayer(database.settings))),
    )
    expect(gone.map((file) => file?.cameraId)).toEqual(Array.from({ length: 11 }, () => 1))
  })

  it("keep to a quota what is not protected, however much is: nothing else goes for it", async () => {
    const file = (cameraId: number, endMinute: number, kind: File["kind"] = "closed"): File => ({
      cameraId,
      sizeBytes: 100,
      endMinute,
      kind,
    })
    const files = [
      ...[1, 2, 3, 4].map((at) => file(1, at, "protected")),
      ...[5, 6, 7].map((at) => file(1, at)),
      ...[8, 9, 10].map((at) => file(2, at)),
      file(3, 11),
      file(3, 12),
    ]
    const { gone } = await scene(database, files, ({ enforceQuotas }) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE cameras SET quota_bytes = CASE id WHEN 1 THEN 250 END`
        yield* sql`UPDATE owners SET quota_bytes = CASE id WHEN 1 THEN 350 WHEN 2 THEN 100 END`
        for (let pass = 0; pass < 3; pass += 1) yield* enforceQuotas()
      }).pipe(Effect.provide(databaseLayer(database.settings))),
    )
    // Of camera 1, of its owner with his 800 bytes, and of the owner after him.
    expect(gone.map((one) => one?.endMinute)).toEqual([5, 6, 7, 11])
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
    const { gone, lines } = await scene(database, files, ({ enforceQuotas }) =>
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
      [2, 1, 1].map((count) => `Warn evicted recordings: they were over their quota files=${count}`),
    )
  })
})
