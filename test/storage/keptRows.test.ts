import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Catalog } from "../../src/storage/Catalog.ts"
import { makePendingRowsFile } from "../../src/storage/PendingRowsFile.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeFakeStore } from "./fakeStore.ts"

describe("rows that the database does not have", () => {
  let stateDirectory: string
  beforeEach(() => {
    stateDirectory = mkdtempSync(join(tmpdir(), "vigia-kept-"))
  })
  afterEach(() => rmSync(stateDirectory, { recursive: true, force: true }))
  const path = () => join(stateDirectory, "pending-rows.json")
  const kept = () => Effect.runPromise(makePendingRowsFile(stateDirectory).read)
  const scene = () => {
    const { state, layer, writes } = makeFakeStore({ stateDirectory })
    return { state, writes, runtime: ManagedRuntime.make(layer) }
  }
  const enable = Effect.flatMap(Catalog, (catalog) => catalog.cameraEnabled(1, 1000))
  const flush = Effect.ignore(Effect.flatMap(Catalog, (catalog) => catalog.flush))
  const recover = Effect.flatMap(Catalog, (catalog) => catalog.recover(2000))

  it("are on disk while it is away, and not any more when it has them", async () => {
    const { state, runtime } = scene()
    state.isAway = true
    await runtime.runPromise(enable)
    await awaitFact("they are kept", () => existsSync(path()))
    // Before the absence is accounted for nobody may say that the service was there.
    expect(await kept()).toMatchObject({ seenAtMillis: null, rows: { periods: [{ startMillis: 1000 }] } })
    await runtime.runPromise(recover)
    await runtime.runPromise(flush)
    expect((await kept())?.seenAtMillis).toBeGreaterThan(0)
    state.isAway = false
    await awaitFact("they are forgotten", () => !existsSync(path()))
    await runtime.dispose()
  })

  it("are kept by a flush that fails, and by the end of the service", async () => {
    const { state, runtime, writes } = scene()
    await runtime.context()
    state.isAway = true
    await runtime.runPromise(enable)
    await runtime.runPromise(flush)
    const flushed = await kept()
    expect(flushed?.rows.periods).toHaveLength(1)
    await runtime.runPromise(
      Effect.flatMap(Catalog, (catalog) => catalog.outageBegan(1, "stalled", null, 3000)),
    )
    await runtime.dispose()
    const last = await kept()
    expect(last?.rows.gaps).toMatchObject([{ cause: "stalled" }])
    expect(last?.stateNumber).toBeGreaterThan(flushed?.stateNumber ?? 0)
    expect(writes).toEqual([])
  })

  it("stand in no file while it answers", async () => {
    const { runtime, writes } = scene()
    await runtime.runPromise(enable)
    await runtime.runPromise(recover)
    await runtime.dispose()
    expect(writes.length).toBeGreaterThan(0)
    expect(existsSync(path())).toBe(false)
  })

  it("are written all the same when the disk does not take them, nor its directory is there at the start", async () => {
    rmSync(stateDirectory, { recursive: true })
    const { state, runtime, writes } = scene()
    state.isAway = true
    await runtime.runPromise(enable)
    await runtime.runPromise(flush)
    state.isAway = false
    await awaitFact("they are written", () => writes.length > 0)
    expect(writes[0]?.batch.periods).toHaveLength(1)
    await runtime.dispose()
  })
})
