import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { Repair } from "../../src/repair/Repair.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { RowsRejected } from "../../src/storage/RowsRejected.ts"
import type { RepairStore } from "../../src/storage/RepairStore.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { writeRecording } from "./recordedFile.ts"
import { RepairScene } from "./RepairScene.ts"

const noon = Date.UTC(2026, 0, 14, 12)
const minute = 60_000
const unavailable = Effect.fail(new DatabaseUnavailable({ reason: "ConnectionError" }))

describe("Repair", () => {
  let scene: RepairScene
  afterEach(() => scene.remove())
  const repair = <A>(use: (repair: Repair["Service"]) => Effect.Effect<A>): Promise<A> =>
    scene.run(Effect.flatMap(Repair, use))
  const last = () => repair((one) => one.last)

  it("runs once fully in the background after it began, then at every interval", async () => {
    scene = await RepairScene.make({ intervalMillis: 50 })
    const cameraId = await scene.addCamera()
    writeRecording(scene.directory, cameraId, noon, 5)
    expect(await last()).toBeNull()
    await repair((one) => Effect.andThen(one.begin, one.begin))
    await awaitFact("the first pass was full", async () => (await last())?.kind === "full")
    expect(await last()).toMatchObject({ adopted: 1, isComplete: true })
    await awaitFact("the next ones are incremental", async () => (await last())?.kind === "incremental")
    const filePath = writeRecording(scene.directory, cameraId, noon + 60 * minute, 5)
    await awaitFact("what came later is adopted", async () =>
      (await scene.catalog()).recordings.some((row) => row.filePath === filePath),
    )
  })

  it("has one pass at a time, and does not double a full one", async () => {
    let inside = 0
    let most = 0
    let passes = 0
    const gate = Promise.withResolvers<void>()
    scene = await RepairScene.make({
      aroundStore: (store) => ({
        ...store,
        cameras: Effect.gen(function* () {
          inside += 1
          passes += 1
          most = Math.max(most, inside)
          yield* Effect.promise(() => gate.promise)
          inside -= 1
          return yield* store.cameras
        }),
      }),
    })
    await scene.addCamera()
    expect(await repair((one) => one.isRunning)).toBe(false)
    await repair((one) => one.request)
    expect(await repair((one) => one.isRunning)).toBe(true)
    for (let again = 0; again < 3; again++) await repair((one) => one.request)
    const incremental = scene.pass("incremental")
    gate.resolve()
    await incremental
    await awaitFact("nothing runs", async () => !(await repair((one) => one.isRunning)))
    expect({ most, passes }).toEqual({ most: 1, passes: 2 })
  })

  it("does not take the directory of a camera that is just being added for nobody's", async () => {
    let isAdded = false
    scene = await RepairScene.make({
      aroundStore: (store) => ({
        ...store,
        cameras: Effect.tap(store.cameras, () =>
          Effect.promise(async () => {
            if (!isAdded) await scene.addCamera()
            isAdded = true
          }),
        ),
      }),
    })
    expect(await scene.pass()).toMatchObject({ unowned: 0 })
    mkdirSync(join(scene.directory, "cam_2"))
    writeFileSync(join(scene.directory, "cam_2", ".camera.0123456789ab"), "")
    await scene.addCameraRow()
    expect(await scene.pass()).toMatchObject({ unowned: 0 })
    // A `.camera` that is written anew has another name until it is whole.
    writeFileSync(join(scene.directory, "cam_1", ".camera.0123456789ab"), "")
    expect(await scene.pass()).toMatchObject({ unowned: 0 })
  })

  it("ends with an error while the database is away, and tries the same again soon", async () => {
    let isAway = true
    let tries = 0
    scene = await RepairScene.make({
      intervalMillis: 50,
      aroundStore: (store) => ({
        ...store,
        rowsOf: (cameraId, days) =>
          Effect.suspend(() => {
            tries += 1
            return isAway ? unavailable : store.rowsOf(cameraId, days)
          }),
      }),
    })
    const cameraId = await scene.addCamera()
    writeRecording(scene.directory, cameraId, noon, 5)
    await repair((one) => one.begin)
    await awaitFact("it was tried three times", () => tries > 2)
    expect(await last()).toMatchObject({
      kind: "full",
      isComplete: false,
      errors: [{ path: null, reason: "The database does not answer (ConnectionError)" }],
    })
    isAway = false
    await awaitFact("the file is adopted", async () => (await scene.catalog()).recordings.length === 1)
  })

  it("does not let rows that the database refuses keep back those of other files", async () => {
    const bad = "cam_1/2026-01-14/12-01-00.mp4"
    const rejecting = (store: RepairStore["Service"]): RepairStore["Service"] => ({
      ...store,
      write: (files) =>
        files.adopted.some(({ filePath }) => filePath === bad)
          ? Effect.fail(new RowsRejected({ reason: "invalid byte sequence" }))
          : store.write(files),
    })
    scene = await RepairScene.make({ aroundStore: rejecting })
    const cameraId = await scene.addCamera()
    for (let file = 0; file < 4; file++) writeRecording(scene.directory, cameraId, noon + file * minute, 5)
    expect(await scene.pass()).toMatchObject({
      adopted: 3,
      isComplete: true,
      errors: [{ path: bad, reason: "invalid byte sequence" }],
    })
    expect((await scene.catalog()).recordings).toHaveLength(3)
  })

  it("marks nothing where the disk goes away in the middle, nor what has come back before the end", async () => {
    let onRows = (_cameraId: number): void => undefined
    scene = await RepairScene.make({
      aroundStore: (store) => ({
        ...store,
        rowsOf: (cameraId, days) =>
          Effect.andThen(
            Effect.sync(() => onRows(cameraId)),
            store.rowsOf(cameraId, days),
          ),
      }),
    })
    const first = await scene.addCamera()
    const second = await scene.addCamera()
    const path = join(scene.directory, writeRecording(scene.directory, first, noon, 5))
    for (let file = 1; file < 4; file++) writeRecording(scene.directory, first, noon + file * minute, 5)
    await scene.pass()
    const before = await scene.catalog()
    const [away, marker] = [`${scene.root}/away`, `${scene.root}/marker`]
    renameSync(path, away)
    onRows = (cameraId) => {
      if (cameraId === second) renameSync(join(scene.directory, ".vigia"), marker)
    }
    expect(await scene.pass()).toMatchObject({ isComplete: false, missing: 0, rows: 4 })
    expect(await scene.catalog()).toEqual(before)
    renameSync(marker, join(scene.directory, ".vigia"))

    onRows = (cameraId) => {
      if (cameraId === second) renameSync(away, path)
    }
    expect(await scene.pass()).toMatchObject({ isComplete: true, missing: 0, rows: 4 })
    expect(await scene.catalog()).toEqual(before)
    onRows = () => undefined
    renameSync(path, away)
    expect(await scene.pass()).toMatchObject({ isComplete: true, missing: 1, rows: 4 })
  })

  it("logs one line for a pass that found something, none for one that did not", async () => {
    scene = await RepairScene.make()
    const cameraId = await scene.addCamera()
    const path = join(scene.directory, writeRecording(scene.directory, cameraId, noon, 5))
    writeRecording(scene.directory, cameraId, noon + minute, 5)
    await scene.pass()
    await scene.pass()
    rmSync(path)
    await scene.pass()
    expect(scene.log).toEqual([
      "Info compared disk and catalog (full, 2 files, 0 rows): adopted 2, missing 0, restored 0, settled 0, belonging to nobody 0",
      "Info compared disk and catalog (full, 2 files, 2 rows): adopted 0, missing 1, restored 0, settled 0, belonging to nobody 0",
    ])
  })
})
