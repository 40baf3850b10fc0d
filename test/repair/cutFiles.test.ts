import { appendFileSync, copyFileSync, truncateSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Catalog } from "../../src/storage/Catalog.ts"
import { cutRecording, movieBytes, writeMovie, writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)
const minute = 60_000

describe("files that are not what their row says", () => {
  let scene: RepairScene
  let cameraId: number
  let paths: ReadonlyArray<string>
  const pathOf = (file: number): string => paths[file] ?? ""
  const onDisk = (file: number): string => join(scene.directory, pathOf(file))
  const rowOf = async (file: number) =>
    (await scene.catalog()).recordings.find(({ filePath }) => filePath === pathOf(file))
  const grow = (file: number, knownSeconds: number) =>
    scene.sql(
      (sql) => sql`UPDATE recordings SET state = 'growing', file_size = ${movieBytes(knownSeconds)},
        end_time = start_time + ${`${knownSeconds} seconds`}::interval, duration = ${knownSeconds},
        run_id = 'run', fragments = ${knownSeconds}, frames = ${knownSeconds * 25} WHERE file_path = ${pathOf(file)}`,
    )

  beforeEach(async () => {
    scene = await RepairScene.make()
    cameraId = await scene.addCamera()
    paths = [0, 1, 2, 3].map((at) => writeRecording(scene.directory, cameraId, noon + at * minute, 20))
    await scene.sql(
      (sql) =>
        sql`INSERT INTO enabled_periods (camera_id, start_time) VALUES (${cameraId}, ${new Date(noon)})`,
    )
    await scene.adopt(4)
  })
  afterEach(() => scene.remove())

  it("are settled at their last whole fragment, the lost tail being a gap, and put right when it is back", async () => {
    const whole = await scene.catalog()
    copyFileSync(onDisk(1), `${scene.root}/whole.mp4`)
    cutRecording(onDisk(1), movieBytes(12) + 100, noon + 9 * minute)
    expect(await scene.pass()).toMatchObject({ settled: 1, missing: 0, restored: 0 })
    const cut = await scene.catalog()
    expect(cut.recordings[1]).toMatchObject({
      state: "closed",
      fileSize: BigInt(movieBytes(12)),
      fragments: 12,
      startMillis: noon + minute,
      endMillis: noon + minute + 12_000,
      duration: 12,
    })
    const gap = { identity: `missing/${pathOf(1)}`, cause: "file_missing" }
    expect(cut.gaps).toEqual([
      { ...gap, startMillis: noon + minute + 12_000, endMillis: noon + minute + 20_000 },
    ])
    expect(await scene.pass()).toMatchObject({ settled: 0, missing: 0, restored: 0 })
    expect(await scene.catalog()).toEqual(cut)

    // Cut once more: the gap grows, and still ends where the recording once did.
    cutRecording(onDisk(1), movieBytes(3) + 1, noon + 9 * minute)
    expect(await scene.pass()).toMatchObject({ settled: 1 })
    expect((await scene.catalog()).gaps).toEqual([
      { ...gap, startMillis: noon + minute + 3000, endMillis: noon + minute + 20_000 },
    ])
    copyFileSync(`${scene.root}/whole.mp4`, onDisk(1))
    expect(await scene.pass()).toMatchObject({ settled: 1 })
    expect(await scene.catalog()).toEqual(whole)
  })

  it("and hold nothing any more are missing", async () => {
    const whole = await scene.catalog()
    copyFileSync(onDisk(2), `${scene.root}/whole.mp4`)
    truncateSync(onDisk(2), 40)
    expect(await scene.pass()).toMatchObject({ settled: 0, missing: 1, unowned: 0 })
    expect(await rowOf(2)).toMatchObject({ state: "missing" })
    expect(await scene.pass()).toMatchObject({ settled: 0, missing: 0, unowned: 0 })
    copyFileSync(`${scene.root}/whole.mp4`, onDisk(2))
    expect(await scene.pass()).toMatchObject({ restored: 1 })
    expect(await scene.catalog()).toEqual(whole)
  })

  it("are fine when they only have bytes after the last whole fragment", async () => {
    const before = await scene.catalog()
    appendFileSync(onDisk(0), "half a fragment")
    expect(await scene.pass()).toMatchObject({ settled: 0, missing: 0 })
    expect(await scene.catalog()).toEqual(before)
  })

  it("come back shorter than they were: what is there is recorded, the rest stays a gap", async () => {
    truncateSync(onDisk(1), 0)
    expect(await scene.pass()).toMatchObject({ missing: 1 })
    writeMovie(onDisk(1), Buffer.alloc(0), noon)
    writeRecording(scene.directory, cameraId, noon + minute, 6)
    expect(await scene.pass()).toMatchObject({ settled: 1, restored: 0 })
    expect(await rowOf(1)).toMatchObject({ state: "closed", duration: 6 })
    expect((await scene.catalog()).gaps).toMatchObject([
      { startMillis: noon + minute + 6000, endMillis: noon + minute + 20_000 },
    ])
  })

  it("are read again and closed where the row says that they grow, and nobody writes them", async () => {
    await grow(0, 7)
    expect(await scene.pass()).toMatchObject({ settled: 1, missing: 0 })
    expect(await rowOf(0)).toMatchObject({
      state: "closed",
      runId: "run",
      fragments: 20,
      fileSize: BigInt(movieBytes(20)),
      endMillis: noon + 20_000,
    })
  })

  it("are read again at start where the last life knew only a part, and the absence begins where they end", async () => {
    await grow(3, 7)
    await scene.sql(
      (sql) => sql`UPDATE service_state SET last_seen_at = ${new Date(noon + 3 * minute + 7000)}`,
    )
    await scene.restart()
    await scene.run(Effect.flatMap(Catalog, (catalog) => catalog.recover(noon + 5 * minute)))
    expect(await scene.pass()).toMatchObject({ settled: 1, missing: 0, adopted: 0 })
    await scene.run(Effect.flatMap(Catalog, (catalog) => catalog.flush))
    const endMillis = noon + 3 * minute + 20_000
    expect(await rowOf(3)).toMatchObject({ state: "closed", runId: "run", fragments: 20, endMillis })
    const { gaps } = await scene.catalog()
    expect(gaps.find(({ cause }) => cause === "service_down")).toMatchObject({
      startMillis: endMillis,
      endMillis: noon + 5 * minute,
    })
    expect(await scene.pass()).toMatchObject({ settled: 0, missing: 0 })
  })

  it("are told to the ledger that remembers them: its next rows say the same", async () => {
    await scene.restart()
    await scene.run(Effect.flatMap(Catalog, (catalog) => catalog.recover(noon + 5 * minute)))
    cutRecording(onDisk(3), movieBytes(5), noon)
    expect(await scene.pass()).toMatchObject({ settled: 1 })
    await scene.run(Effect.flatMap(Catalog, (catalog) => catalog.flush))
    expect(await rowOf(3)).toMatchObject({ fragments: 5, endMillis: noon + 3 * minute + 5000 })
    const snapshot = await scene.run(Effect.map(Catalog, (catalog) => catalog.snapshot(cameraId)))
    expect(snapshot.coveredUntilMillis).toBe(noon + 3 * minute + 5000)
    const { spans } = await scene.run(
      Effect.flatMap(Catalog, (catalog) =>
        catalog.coverage(cameraId, noon + 3 * minute, noon + 3 * minute + 20_000),
      ),
    )
    expect(spans).toEqual([
      { kind: "recorded", fromMillis: noon + 3 * minute, toMillis: noon + 3 * minute + 5000 },
      {
        kind: "gap",
        cause: "file_missing",
        fromMillis: noon + 3 * minute + 5000,
        toMillis: noon + 3 * minute + 20_000,
      },
    ])
  })
})
