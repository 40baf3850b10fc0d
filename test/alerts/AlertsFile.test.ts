import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type AlertBook, emptyBook, raise } from "../../src/alerts/AlertBook.ts"
import { makeAlertsFile } from "../../src/alerts/AlertsFile.ts"
import { groupIntervalMillis } from "../../src/alerts/grouping.ts"
import { notify } from "../../src/alerts/notify.ts"

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "vigia-alerts-"))
})
afterEach(() => rmSync(directory, { recursive: true }))

const hour = 3_600_000

/** A book that told of an alert at its hour 1. */
const toldBook = (): AlertBook => {
  const at = (seconds: number) => ({ wallMillis: 1e12 + seconds * 1000, steadyMillis: hour + seconds * 1000 })
  const found = { kind: "recording_stopped", cameraId: 1, detail: "", sinceMillis: 0 } as const
  const { book } = raise(emptyBook, { ...found, id: "a" }, at(0).wallMillis)
  const told = notify(
    notify(book, at(0), () => "n"),
    at(10),
    () => "n",
  )
  return raise(told, { ...found, id: "b", cameraId: 2, kind: "frame_loss" }, at(10).wallMillis).book
}

const told = { wallMillis: 1e12 + 10_000, steadyMillis: hour + 10_000 }

describe("the state file of alerts", () => {
  it("gives another life the book, with its times on the other's clock", async () => {
    const file = makeAlertsFile(directory)
    const book = toldBook()
    await Effect.runPromise(file.save(book, told))
    expect(statSync(join(directory, "alerts.json")).mode & 0o777).toBe(0o600)
    const read = await Effect.runPromise(
      file.read({ wallMillis: told.wallMillis + 60_000, steadyMillis: 5_000 }),
    )
    expect(read.entries).toEqual(book.entries)
    expect(read.unsaved).toEqual(book.unsaved)
    expect(read.unsent).toEqual(book.unsent)
    expect(read.groups.get("recording_stopped")?.sentAtMillis).toBe(5_000 - 60_000)
  })

  it("makes nothing wait for a clock that was set back", async () => {
    const file = makeAlertsFile(directory)
    await Effect.runPromise(file.save(toldBook(), told))
    const read = await Effect.runPromise(file.read({ wallMillis: 1e12 - hour, steadyMillis: 5_000 }))
    const sentAtMillis = read.groups.get("recording_stopped")?.sentAtMillis ?? Infinity
    expect(sentAtMillis).toBeLessThan(5_000 - groupIntervalMillis)
  })

  it("is set aside where it is damaged, and begins empty where there is none", async () => {
    const file = makeAlertsFile(directory)
    expect(await Effect.runPromise(file.read(told))).toEqual(emptyBook)
    writeFileSync(join(directory, "alerts.json"), '{"version":1')
    writeFileSync(join(directory, "alerts.json.0123456789ab"), "half")
    expect(await Effect.runPromise(file.read(told))).toEqual(emptyBook)
    expect(readdirSync(directory)).toEqual(["alerts.unusable.json"])
  })

  it("says so when it cannot be written", async () => {
    const file = makeAlertsFile(join(directory, "missing"))
    const fault = await Effect.runPromise(Effect.flip(file.save(emptyBook, told)))
    expect(fault.message).toContain("ENOENT")
  })
})
