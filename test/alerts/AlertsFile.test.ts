import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type AlertBook, emptyBook, lostBook, raise } from "../../src/alerts/AlertBook.ts"
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

  it("knows of itself that it is lost, until the rows are taken", async () => {
    const file = makeAlertsFile(directory)
    const book = await Effect.runPromise(file.read(told))
    expect(book).toEqual(lostBook)
    await Effect.runPromise(file.save(book, told))
    expect(await Effect.runPromise(file.read(told))).toEqual(lostBook)
    await Effect.runPromise(file.save(emptyBook, told))
    expect(await Effect.runPromise(file.read(told))).toEqual(emptyBook)
  })

  it("is set aside where it is damaged, each time under another name, of which five stay", async () => {
    const file = makeAlertsFile(directory)
    for (let damage = 1; damage <= 7; damage++) {
      writeFileSync(join(directory, "alerts.json"), `{"version":1${damage}`)
      writeFileSync(join(directory, "alerts.json.0123456789ab"), "half")
      const now = { ...told, wallMillis: told.wallMillis + damage }
      expect(await Effect.runPromise(file.read(now))).toEqual(lostBook)
      await Effect.runPromise(file.save(emptyBook, now))
    }
    const aside = readdirSync(directory).filter((name) => name !== "alerts.json")
    expect(aside.map((name) => readFileSync(join(directory, name), "utf8")).toSorted()).toEqual(
      [3, 4, 5, 6, 7].map((damage) => `{"version":1${damage}`),
    )
  })

  it("is never overwritten where it cannot be read, and set aside as soon as it can be", async () => {
    const file = makeAlertsFile(directory)
    const path = join(directory, "alerts.json")
    // EISDIR stands for all that is not damage, such as EIO.
    mkdirSync(path)
    writeFileSync(join(path, "inside"), "kept")
    const asideName = `alerts.unusable.${new Date(told.wallMillis).toISOString().replaceAll(":", "-")}.json`
    writeFileSync(join(directory, asideName), "in the way")
    expect(await Effect.runPromise(file.read(told))).toEqual(lostBook)
    const fault = await Effect.runPromise(Effect.flip(file.save(emptyBook, told)))
    expect(fault.message).toContain("set aside")
    const later = { ...told, wallMillis: told.wallMillis + 1000 }
    await Effect.runPromise(file.save(toldBook(), later))
    expect((await Effect.runPromise(file.read(later))).entries).toEqual(toldBook().entries)
    const [aside = ""] = readdirSync(directory).filter((name) => ![asideName, "alerts.json"].includes(name))
    expect(readFileSync(join(directory, aside, "inside"), "utf8")).toBe("kept")
  })

  it("says so when it cannot be written", async () => {
    const file = makeAlertsFile(join(directory, "missing"))
    const fault = await Effect.runPromise(Effect.flip(file.save(emptyBook, told)))
    expect(fault.message).toContain("ENOENT")
  })
})
