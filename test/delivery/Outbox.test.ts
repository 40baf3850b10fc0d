import { execFileSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Outbox, type Parcel } from "../../src/delivery/Outbox.ts"
import { notificationOf, uuid } from "./notifications.ts"

let stateDirectory = ""
let directory = ""
beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), "vigia-outbox-"))
  directory = join(stateDirectory, "outbox")
})
afterEach(() => rmSync(stateDirectory, { recursive: true }))

const run = <A, E>(use: (outbox: Outbox["Service"]) => Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(
    Effect.flatMap(Outbox, use).pipe(
      Effect.provide(Layer.merge(Outbox.layer(stateDirectory), Logger.layer([]))),
    ),
  )

const parcelOf = (number: number): Parcel => ({
  sequence: number,
  deliveredTo: ["other"],
  notification: notificationOf(number),
})

describe("the outbox", () => {
  it("holds a parcel in a file of its own, for the service's user alone", async () => {
    await run((outbox) => outbox.write(parcelOf(1)))
    expect(readdirSync(directory)).toEqual([`${uuid(1)}.json`])
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    expect(statSync(join(directory, `${uuid(1)}.json`)).mode & 0o777).toBe(0o600)
    expect(await run((outbox) => outbox.read(uuid(1)))).toEqual(parcelOf(1))
    expect(await run((outbox) => outbox.load)).toEqual([parcelOf(1)])
    await run((outbox) => outbox.remove(uuid(1)))
    await run((outbox) => outbox.remove(uuid(1)))
    expect(readdirSync(directory)).toEqual([])
    expect(await run((outbox) => outbox.read(uuid(1)))).toBeNull()
  })

  it("is empty where there is no directory", async () => {
    expect(await run((outbox) => outbox.load)).toEqual([])
  })

  it("sets aside what it cannot use, once, and removes what a crash left half written", async () => {
    await run((outbox) => outbox.write(parcelOf(1)))
    const whole = readFileSync(join(directory, `${uuid(1)}.json`), "utf8")
    writeFileSync(join(directory, `${uuid(2)}.json`), whole.slice(0, 50))
    writeFileSync(join(directory, `${uuid(3)}.json`), whole)
    writeFileSync(join(directory, `${uuid(4)}.json`), "")
    writeFileSync(join(directory, "notes.txt"), "mine")
    mkdirSync(join(directory, `${uuid(5)}.json`))
    symlinkSync(join(directory, `${uuid(1)}.json`), join(directory, `${uuid(6)}.json`))
    execFileSync("mkfifo", [join(directory, `${uuid(7)}.json`)])
    writeFileSync(join(directory, `${uuid(8)}.json.0123456789ab`), whole)
    expect(await run((outbox) => outbox.load)).toEqual([parcelOf(1)])
    const left = [
      `${uuid(1)}.json`,
      ...[2, 3, 4, 5, 6, 7].map((number) => `${uuid(number)}.json.unusable`),
      "notes.txt.unusable",
    ]
    expect(readdirSync(directory).toSorted()).toEqual(left)
    expect(await run((outbox) => outbox.load)).toEqual([parcelOf(1)])
    expect(readdirSync(directory).toSorted()).toEqual(left)
  })

  it("is loaded whole also where something half written cannot be removed", async () => {
    await run((outbox) => outbox.write(parcelOf(1)))
    mkdirSync(join(directory, `${uuid(2)}.json.0123456789ab`))
    expect(await run((outbox) => outbox.load)).toEqual([parcelOf(1)])
  })
})
