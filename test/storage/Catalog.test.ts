import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import type { DatabaseSettings } from "../../src/config/Settings.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { Gaps } from "../../src/storage/Gaps.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import { makeTestDatabase } from "../support/database.ts"
import { summary } from "./accounting/summaries.ts"

const storage = (settings: DatabaseSettings, stateDirectory: string) =>
  Layer.mergeAll(Owners.layer, Cameras.layer, Recordings.layer, Gaps.layer, Catalog.layer()).pipe(
    Layer.provide(SecretBox.layer({ stateDirectory })),
    Layer.provideMerge(databaseLayer(settings)),
  )

const addCamera = Effect.gen(function* () {
  const owner = yield* (yield* Owners).create({ name: "Ana", plan: "basic" })
  return yield* (yield* Cameras).create({
    ownerId: owner.id,
    name: "Door",
    url: Redacted.make("rtsp://u:p@127.0.0.1/door"),
    transport: "tcp",
    recordingEnabled: true,
  })
})

describe("Catalog on PostgreSQL", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  let stateDirectory: string
  /** A life of the service: the layers are built anew and released at its end. */
  const life = async <A, E>(
    effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof storage>>>,
  ): Promise<A> => {
    const runtime = ManagedRuntime.make(storage(database.settings, stateDirectory))
    try {
      return await runtime.runPromise(effect)
    } finally {
      await runtime.dispose()
    }
  }
  beforeEach(async () => {
    database = await makeTestDatabase()
    stateDirectory = mkdtempSync(join(tmpdir(), "vigia-catalog-"))
  })
  afterEach(async () => {
    await database.dispose()
    rmSync(stateDirectory, { recursive: true, force: true })
  })

  it("keeps one row for a growing file, and settles it", async () => {
    const page = await life(
      Effect.gen(function* () {
        yield* addCamera
        const catalog = yield* Catalog
        yield* catalog.cameraEnabled(1, 1000)
        yield* catalog.segmentsChanged([summary({ startedAtMillis: 2000, endedAtMillis: 3000 })])
        yield* catalog.flush
        yield* catalog.segmentsChanged([
          summary({ startedAtMillis: 2000, endedAtMillis: 9000, sizeBytes: 5000, state: "closed" }),
        ])
        yield* catalog.flush
        expect(catalog.snapshot(1)).toMatchObject({ totalBytes: 5000, recordings: 1, currentFile: null })
        return yield* (yield* Recordings).list({ limit: 10 })
      }),
    )
    expect(page).toMatchObject({
      nextCursor: null,
      recordings: [
        { id: 1, startMillis: 2000, endMillis: 9000, sizeBytes: 5000, state: "closed", isClip: false },
      ],
    })
  })

  it("accounts for the time in which the service was killed, twice with the same rows", async () => {
    const firstLife = Effect.gen(function* () {
      yield* addCamera
      const catalog = yield* Catalog
      yield* catalog.cameraEnabled(1, 1000)
      yield* catalog.segmentsChanged([summary({ startedAtMillis: 2000, endedAtMillis: 10_000 })])
      yield* catalog.flush
    })
    // The killed service did not write what its FFmpeg still recorded; the disk knows.
    const nextLife = Effect.gen(function* () {
      const catalog = yield* Catalog
      yield* catalog.segmentsChanged([
        summary({ startedAtMillis: 2000, endedAtMillis: 15_000, sizeBytes: 3000, state: "closed" }),
      ])
      yield* catalog.recover(60_000)
      yield* catalog.flush
      expect(catalog.snapshot(1)).toMatchObject({ totalBytes: 3000, recordings: 1 })
      return yield* (yield* Gaps).list(1, 0, 100_000)
    })
    await life(firstLife)
    const once = await life(nextLife)
    expect(once.map(({ cause, startMillis, endMillis }) => [cause, startMillis, endMillis])).toEqual([
      ["starting", 1000, 2000],
      ["service_down", 15_000, 60_000],
      ["starting", 60_000, null],
    ])
    expect(await life(nextLife)).toEqual(once)
  })

  it("answers coverage from the database and from memory", async () => {
    await life(
      Effect.gen(function* () {
        yield* addCamera
        const catalog = yield* Catalog
        yield* catalog.cameraEnabled(1, 1000)
        yield* catalog.segmentsChanged([
          summary({
            startedAtMillis: 2000,
            endedAtMillis: 10_000,
            holes: [{ fromMillis: 4000, toMillis: 6000 }],
          }),
        ])
        const wanted = {
          knownUntilMillis: 10_000,
          range: { fromMillis: 0, toMillis: 10_000 },
          recordedMillis: 6000,
          gapMillis: 3000,
          stoppedMillis: 1000,
        }
        expect(yield* catalog.coverage(1, 0, 20_000)).toMatchObject(wanted)
        yield* catalog.flush
        expect(yield* catalog.coverage(1, 0, 20_000)).toMatchObject(wanted)
        expect(yield* catalog.health).toMatchObject({ isDatabaseAnswering: true, pendingRows: 0 })
        // The hole turns out to be none: memory takes precedence over the row that says so.
        yield* catalog.segmentsChanged([summary({ startedAtMillis: 2000, endedAtMillis: 10_000 })])
        expect(yield* catalog.coverage(1, 0, 20_000)).toMatchObject({ recordedMillis: 8000, gapMillis: 1000 })
        expect((yield* catalog.coverage(1, 30_000, 40_000)).spans).toEqual([])
      }),
    )
  })

  it("does not let rows that the database refuses keep back those of other cameras", async () => {
    const rows = await life(
      Effect.gen(function* () {
        yield* addCamera
        const catalog = yield* Catalog
        yield* catalog.segmentsChanged([
          summary({ cameraId: 77, startedAtMillis: 2000, endedAtMillis: 3000 }),
          summary({ cameraId: 1, startedAtMillis: 2000, endedAtMillis: 3000 }),
        ])
        yield* catalog.flush
        return yield* (yield* SqlClient.SqlClient)`SELECT camera_id FROM recordings`
      }),
    )
    expect(rows).toEqual([{ cameraId: 1 }])
  })

  it("stores no detail that PostgreSQL cannot hold, and no password", async () => {
    const gaps = await life(
      Effect.gen(function* () {
        yield* addCamera
        const catalog = yield* Catalog
        yield* catalog.cameraEnabled(1, 1000)
        yield* catalog.outageBegan(1, "camera_unreachable", "rtsp://u:pass@h/\0\ud800 refused", 2000)
        yield* catalog.flush
        return yield* (yield* Gaps).list(1, 0, 5000)
      }),
    )
    expect(gaps).toHaveLength(1)
    expect(gaps[0]?.detail).toMatch(/refused$/)
    expect(gaps[0]?.detail).not.toContain("pass")
  })
})
