import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { RecordingProtection } from "../../../src/storage/RecordingProtection.ts"
import { Recordings } from "../../../src/storage/Recordings.ts"
import { addCamera, addOwner, RebuildScene } from "./RebuildScene.ts"
import { cameraFile, identityOf } from "./writtenCameras.ts"

const Written = Schema.fromJsonString(Schema.Struct({ protected: Schema.Array(Schema.String) }))
const minute = 60_000
const noon = Date.parse("2026-01-14T12:00:00Z")

const pathOf = (number: number): string => `cam_1/2026-01-14/12-0${number}-00.mp4`

/** Rows of the first few minutes after noon, as a ledger or a repair adds them. */
const addRows = (numbers: ReadonlyArray<number>) =>
  Effect.flatMap(Recordings, (recordings) =>
    recordings.upsertMany(
      numbers.map((number) => ({
        cameraId: 1,
        startMillis: noon + number * minute,
        endMillis: noon + (number + 1) * minute,
        filePath: pathOf(number),
        sizeBytes: 100,
        runId: "run",
        segmentNumber: number,
        state: "closed" as const,
        frames: 1500,
        missingFrames: 0,
        lostPackets: null,
        damagedFramesAtMost: null,
        fragments: 60,
        videoCodec: "avc1",
        audio: "none" as const,
      })),
    ),
  )

const idOf = Effect.fnUntraced(function* (number: number) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ id: bigint }>`SELECT id FROM recordings WHERE file_path = ${pathOf(number)}`
  return Number(row?.id)
})

const set = Effect.fnUntraced(function* (number: number, isProtected: boolean) {
  yield* (yield* RecordingProtection).set(yield* idOf(number), isProtected)
})

/** Paths of the rows that are protected. */
const inRows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ filePath: string }>`
    SELECT file_path FROM recordings WHERE is_protected ORDER BY file_path`
  return rows.map(({ filePath }) => filePath)
})

/** From now on the database answers every change of a recording in this way, as PL/pgSQL. */
const answerUpdates = Effect.fnUntraced(function* (statement: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql.unsafe(`CREATE OR REPLACE FUNCTION answer() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN ${statement}; END $$`)
  yield* sql`CREATE OR REPLACE TRIGGER answer BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION answer()`
})
const dies = "RAISE EXCEPTION 'the service ends here'"
const obeys = "RETURN NEW"
const findsNothing = "RETURN NULL"

describe("the protection of a recording", () => {
  let scene: RebuildScene
  beforeEach(async () => {
    scene = await RebuildScene.make()
    await scene.life(
      Effect.gen(function* () {
        yield* addCamera((yield* addOwner("Ana", "basic")).id, "door")
        yield* addRows([0, 1, 2, 3])
      }),
    )
  })
  afterEach(() => scene.remove())

  const onDisk = (): ReadonlyArray<string> => {
    const path = scene.path("cam_1/.protected")
    return existsSync(path) ? Schema.decodeSync(Written)(readFileSync(path, "utf8")).protected : []
  }

  it("survives a lost database: rows that come later are protected from the beginning", async () => {
    await scene.life(Effect.all([set(1, true), set(2, true), set(3, true)], { concurrency: 3 }))
    await scene.life(set(3, false))
    expect(onDisk()).toEqual([pathOf(1), pathOf(2)])
    await scene.loseDatabase()

    // The life that adds a row does not look at the disk again.
    await scene.life(
      Effect.gen(function* () {
        yield* addRows([0, 1])
        expect(yield* inRows).toEqual([pathOf(1)])
        yield* addRows([1, 2, 3])
        expect(yield* inRows).toEqual([pathOf(1), pathOf(2)])
        yield* set(1, false)
        yield* (yield* SqlClient.SqlClient)`DELETE FROM recordings`
        yield* addRows([1, 2])
        expect(yield* inRows).toEqual([pathOf(2)])
      }),
    )
    expect(await scene.life(inRows)).toEqual([pathOf(2)])
    expect(onDisk()).toEqual([pathOf(2)])
  })

  it("survives an older state of the database", async () => {
    await scene.life(set(1, true))
    await scene.life(
      Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE recordings SET is_protected = false`),
    )
    expect(await scene.life(inRows)).toEqual([pathOf(1)])
    expect(scene.log).toContain("Warn 1 recordings are protected again, as the disk says")
    const { mtimeMs } = statSync(scene.path("cam_1/.protected"))
    expect(await scene.life(inRows)).toEqual([pathOf(1)])
    expect(scene.log.filter((line) => !line.startsWith("Debug"))).toEqual([])
    expect(statSync(scene.path("cam_1/.protected")).mtimeMs).toBe(mtimeMs)
  })

  it("is written to the disk where only the row has it, as from an earlier version", async () => {
    await scene.life(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`UPDATE recordings SET is_protected = true WHERE file_path = ${pathOf(2)}`,
      ),
    )
    await scene.life(Effect.void)
    expect(onDisk()).toEqual([pathOf(2)])
  })

  it("is on the disk before it is in the row, and as long: a death in between leaves it protected", async () => {
    const dead = (number: number, isProtected: boolean) =>
      scene.life(Effect.andThen(answerUpdates(dies), Effect.exit(set(number, isProtected))))
    const revived = () => scene.besides(answerUpdates(obeys))

    expect(Exit.isFailure(await dead(1, true))).toBe(true)
    expect(onDisk()).toEqual([pathOf(1)])
    await revived()
    expect(await scene.life(inRows)).toEqual([pathOf(1)])

    expect(Exit.isFailure(await dead(1, false))).toBe(true)
    expect(onDisk()).toEqual([pathOf(1)])
    await revived()
    expect(await scene.life(inRows)).toEqual([pathOf(1)])
  })

  it("is refused where the row is gone since, and leaves nothing on the disk", async () => {
    await scene.life(
      Effect.gen(function* () {
        yield* set(2, true)
        yield* answerUpdates(findsNothing)
        expect(yield* Effect.flip(set(1, true))).toMatchObject({ _tag: "RecordingNotFound" })
      }),
    )
    expect(onDisk()).toEqual([pathOf(2)])
  })

  it("is as it was where the disk refuses", async () => {
    await scene.life(set(1, true))
    await scene.life(
      Effect.gen(function* () {
        renameSync(scene.path("cam_1"), scene.path("away"))
        writeFileSync(scene.path("cam_1"), "")
        const refused = { _tag: "ProtectionNotWritten", reason: expect.stringContaining("ENOTDIR") }
        expect(yield* Effect.flip(set(2, true))).toMatchObject(refused)
        expect(yield* Effect.flip(set(1, false))).toMatchObject(refused)
        expect(yield* inRows).toEqual([pathOf(1)])
      }),
    )
  })

  it("is neither read from nor written into the directory of another camera", async () => {
    const foreign = JSON.stringify({ camera_identity: identityOf(9), protected: [pathOf(0)] })
    writeFileSync(scene.path("cam_1/.protected"), foreign)
    await scene.life(
      Effect.gen(function* () {
        expect(yield* inRows).toEqual([])
        expect(yield* Effect.flip(set(1, true))).toMatchObject({ _tag: "ProtectionNotWritten" })
      }),
    )
    expect(scene.log.join("\n")).toContain("the .protected file of camera 1: it is another camera's")
    expect(readFileSync(scene.path("cam_1/.protected"), "utf8")).toBe(foreign)

    writeFileSync(scene.path("cam_1/.camera"), JSON.stringify(cameraFile(1)))
    await scene.life(
      Effect.gen(function* () {
        const error = yield* Effect.flip(set(1, true))
        expect(error).toMatchObject({ reason: expect.stringContaining("holds recordings of another camera") })
      }),
    )
    expect(readFileSync(scene.path("cam_1/.protected"), "utf8")).toBe(foreign)
  })

  it("is made anew from the rows where its file is damaged", async () => {
    await scene.life(set(1, true))
    writeFileSync(scene.path("cam_1/.protected"), '{"camera_identity": ')
    expect(await scene.life(inRows)).toEqual([pathOf(1)])
    expect(scene.log).toContain(
      "Error the .protected file of camera 1: it is damaged, and made anew from the rows",
    )
    expect(onDisk()).toEqual([pathOf(1)])
  })
})
