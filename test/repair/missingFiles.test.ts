import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Catalog } from "../../src/storage/Catalog.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)
const minute = 60_000

describe("rows without a file", () => {
  let scene: RepairScene
  let cameraId: number
  let paths: ReadonlyArray<string>
  const pathOf = (file: number): string => paths[file] ?? ""
  const onDisk = (file: number): string => join(scene.directory, pathOf(file))
  const states = async (): Promise<ReadonlyArray<string>> =>
    (await scene.catalog()).recordings.map(({ state }) => state)
  const coverage = () =>
    scene.run(
      Effect.flatMap(Catalog, (catalog) => catalog.coverage(cameraId, noon - minute, noon + 5 * minute)),
    )

  beforeEach(async () => {
    scene = await RepairScene.make()
    cameraId = await scene.addCamera()
    paths = [0, 1, 2, 3].map((at) => writeRecording(scene.directory, cameraId, noon + at * minute, 60))
    await scene.sql(
      (sql) =>
        sql`INSERT INTO enabled_periods (camera_id, start_time) VALUES (${cameraId}, ${new Date(noon)})`,
    )
    await scene.adopt(4)
  })
  afterEach(() => scene.remove())

  it("are missing, not recorded, and a gap over their span; and are put right when the file is back", async () => {
    const before = await scene.catalog()
    const away = `${scene.root}/away.mp4`
    renameSync(onDisk(1), away)
    expect(await scene.pass()).toMatchObject({ missing: 1, safetyStop: null, isComplete: true })
    const { recordings, gaps } = await scene.catalog()
    expect(recordings.map(({ state }) => state)).toEqual(["closed", "missing", "closed", "closed"])
    expect(recordings.map((row) => ({ ...row, state: "closed" }))).toEqual(before.recordings)
    expect(gaps).toEqual([
      {
        identity: `missing/${pathOf(1)}`,
        cause: "file_missing",
        startMillis: noon + minute,
        endMillis: noon + 2 * minute,
      },
    ])
    const covered = await coverage()
    expect(covered.spans.map((span) => [span.kind, span.fromMillis - noon, span.toMillis - noon])).toEqual([
      ["stopped", -minute, 0],
      ["recorded", 0, minute],
      ["gap", minute, 2 * minute],
      ["recorded", 2 * minute, 4 * minute],
      ["gap", 4 * minute, 5 * minute],
    ])
    expect(covered.spans[2]).toMatchObject({ cause: "file_missing" })
    await awaitFact("the sums leave the missing file out", () =>
      scene.run(Effect.map(Catalog, (catalog) => catalog.snapshot(cameraId).recordings === 3)),
    )
    const page = await scene.run(Effect.flatMap(Recordings, (list) => list.list({ cameraId, limit: 10 })))
    expect(page.recordings.map(({ state }) => state)).toEqual(["closed", "missing", "closed", "closed"])
    // Nothing more the second time, also not in the next life, which is not told of what is missing.
    const marked = await scene.catalog()
    expect(await scene.pass()).toMatchObject({ missing: 0 })
    await scene.restart()
    await scene.run(Effect.flatMap(Catalog, (catalog) => catalog.recover(noon + 10 * minute)))
    expect(await scene.pass()).toMatchObject({ missing: 0 })
    expect((await scene.catalog()).recordings).toEqual(marked.recordings)

    renameSync(away, onDisk(1))
    expect(await scene.pass()).toMatchObject({ restored: 1, settled: 0, missing: 0 })
    expect((await scene.catalog()).recordings).toEqual(before.recordings)
    expect((await scene.catalog()).gaps.filter(({ cause }) => cause === "file_missing")).toEqual([])
    expect((await coverage()).recordedMillis).toBe(4 * minute)
  })

  it("that are the last of a camera are explained as missing after a restart, not as unknown", async () => {
    rmSync(onDisk(3))
    expect(await scene.pass()).toMatchObject({ missing: 1 })
    await scene.restart()
    await scene.sql((sql) => sql`UPDATE service_state SET last_seen_at = ${new Date(noon + 4 * minute)}`)
    await scene.restart()
    await scene.run(
      Effect.gen(function* () {
        const catalog = yield* Catalog
        yield* catalog.recover(noon + 5 * minute)
        yield* catalog.flush
      }),
    )
    const snapshot = await scene.run(Effect.map(Catalog, (catalog) => catalog.snapshot(cameraId)))
    expect(snapshot).toMatchObject({ coveredUntilMillis: noon + 3 * minute, recordings: 3 })
    const { spans } = await coverage()
    expect(
      spans.flatMap((span) => (span.kind === "gap" ? [[span.cause, span.fromMillis - noon]] : [])),
    ).toEqual([
      ["file_missing", 3 * minute],
      ["service_down", 4 * minute],
    ])
  })

  it("stay missing when a ledger that remembers the file writes its row again", async () => {
    await scene.restart()
    rmSync(onDisk(3))
    expect(await scene.pass()).toMatchObject({ missing: 1 })
    await scene.run(
      Effect.gen(function* () {
        const catalog = yield* Catalog
        const known = catalog.knownFiles(cameraId).remembered.get(pathOf(3))
        if (known === undefined) throw new Error("the ledger does not know the last file")
        yield* catalog.segmentsChanged([{ ...known, missingFrames: 7 }])
        yield* catalog.flush
      }),
    )
    expect(await states()).toEqual(["closed", "closed", "closed", "missing"])
  })

  it("are left as they are, with a critical event, where more than half would be missing at once", async () => {
    const before = await scene.catalog()
    renameSync(join(scene.directory, `cam_${cameraId}`), `${scene.root}/away`)
    const orphan = await scene.addCamera()
    writeRecording(scene.directory, orphan, noon, 5)
    const report = await scene.pass()
    expect(report).toMatchObject({
      safetyStop: { rows: 5, missing: 4 },
      missing: 0,
      adopted: 1,
      isComplete: true,
    })
    expect(scene.log.filter((line) => line.startsWith("Fatal"))).toEqual([
      expect.stringContaining("4 of 5 recordings are not on the disk"),
    ])
    expect((await scene.catalog()).recordings.filter((row) => row.cameraId === cameraId)).toEqual(
      before.recordings,
    )
    // The next pass looks again, and finds them where they belong.
    expect((await scene.pass("incremental")).safetyStop).toEqual({ rows: 5, missing: 4 })
    renameSync(`${scene.root}/away`, join(scene.directory, `cam_${cameraId}`))
    expect(await scene.pass("incremental")).toMatchObject({ safetyStop: null, missing: 0, errors: [] })
  })

  it("are marked up to a half", async () => {
    rmSync(onDisk(0))
    rmSync(onDisk(1))
    expect(await scene.pass()).toMatchObject({ missing: 2, safetyStop: null })
    expect(await states()).toEqual(["missing", "missing", "closed", "closed"])
  })

  it("are not looked for without the marker, nor where another file system has another one", async () => {
    rmSync(onDisk(1))
    const marker = join(scene.directory, ".vigia")
    renameSync(marker, `${scene.root}/marker`)
    expect(await scene.pass()).toMatchObject({ isComplete: false, missing: 0, filesExamined: 0 })
    writeFileSync(marker, JSON.stringify({ installation: "another" }))
    const report = await scene.pass()
    expect(report).toMatchObject({ isComplete: false, missing: 0 })
    expect(report.errors).toEqual([{ path: null, reason: expect.stringContaining("marker") }])
    renameSync(`${scene.root}/marker`, marker)
    expect(await scene.pass()).toMatchObject({ isComplete: true, missing: 1 })
  })

  it("are left alone where a symbolic link leads elsewhere", async () => {
    renameSync(onDisk(0), `${scene.root}/moved.mp4`)
    symlinkSync(`${scene.root}/moved.mp4`, onDisk(0))
    const report = await scene.pass()
    expect(report).toMatchObject({ missing: 0, unowned: 1, unownedPaths: [pathOf(0)] })
    const day = join(scene.directory, `cam_${cameraId}`, "2026-01-14")
    renameSync(day, `${scene.root}/moved`)
    symlinkSync(`${scene.root}/moved`, day)
    expect(await scene.pass()).toMatchObject({ missing: 0, unownedPaths: [`cam_${cameraId}/2026-01-14`] })
    rmSync(day)
    mkdirSync(day)
    expect(await scene.pass()).toMatchObject({ safetyStop: { rows: 4, missing: 4 } })
  })
})
