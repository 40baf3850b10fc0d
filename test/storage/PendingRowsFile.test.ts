import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makePendingRowsFile } from "../../src/storage/PendingRowsFile.ts"
import { leftRows } from "./leftRows.ts"

describe("the file of pending rows", () => {
  let directory: string
  let path: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vigia-pending-"))
    path = join(directory, "pending-rows.json")
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const file = () => makePendingRowsFile(directory)

  it("gives back what was saved, for nobody else to read, and is gone when removed", async () => {
    const left = leftRows({ gaps: 5000 })
    await Effect.runPromise(file().save(left))
    expect(await Effect.runPromise(file().read)).toEqual({ version: 1, ...left })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(["pending-rows.json"])
    await Effect.runPromise(file().remove)
    await Effect.runPromise(file().remove)
    expect(await Effect.runPromise(file().read)).toBeNull()
  })

  it("replaces one version by the next", async () => {
    await Effect.runPromise(file().save(leftRows({ gaps: 3 })))
    const next = leftRows({ gaps: 1, stateNumber: 2 })
    await Effect.runPromise(file().save(next))
    expect(await Effect.runPromise(file().read)).toEqual({ version: 1, ...next })
  })

  it.each([
    ["is cut in half", (text: string) => text.slice(0, text.length / 2)],
    ["is empty", () => ""],
    ["is of another version", (text: string) => text.replace(`"version":1`, `"version":2`)],
    ["holds a row with an unknown cause", (text: string) => text.replace("camera_unreachable", "nonsense")],
  ])("is set aside when it %s", async (_, damage) => {
    await Effect.runPromise(file().save(leftRows({ gaps: 3 })))
    writeFileSync(path, damage(readFileSync(path, "utf8")))
    const damaged = readFileSync(path, "utf8")
    expect(await Effect.runPromise(file().read)).toBeNull()
    expect(existsSync(path)).toBe(false)
    expect(readFileSync(join(directory, "pending-rows.unusable.json"), "utf8")).toBe(damaged)
  })

  it("removes what a crash left half written", async () => {
    writeFileSync(`${path}.0123456789ab`, "{")
    expect(await Effect.runPromise(file().read)).toBeNull()
    expect(readdirSync(directory)).toEqual([])
  })

  it("tells a fault of the disk, with its code", async () => {
    const nowhere = makePendingRowsFile(join(directory, "nowhere"))
    expect(await Effect.runPromise(Effect.flip(nowhere.save(leftRows({ gaps: 1 }))))).toMatchObject({
      message: expect.stringMatching(/Cannot write .*pending-rows\.json: ENOENT/),
    })
  })
})
