import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { readSegment, wallMillisAt } from "../../../src/recorder/segments/readSegment.ts"
import { movieStart, secondAt } from "./syntheticMovie.ts"

const startMillis = Date.UTC(2026, 0, 14, 12)
const filePath = "cam_1/2026-01-14/12-00-00.mp4"
let directory = ""

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "vigia-read-"))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

describe("readSegment of a file that nobody watched", () => {
  it.each([1, 60, 96, 97, 300, 3600])("takes its end for that of its %i fragments", (seconds) => {
    const path = join(directory, filePath)
    mkdirSync(dirname(path), { recursive: true })
    const fragments = Array.from({ length: seconds }, (_, second) => secondAt(second))
    writeFileSync(path, Buffer.concat([movieStart(), ...fragments]))
    const endMillis = startMillis + seconds * 1000
    utimesSync(path, endMillis / 1000, endMillis / 1000)

    const details = readSegment(directory, 1, filePath)

    expect(details?.summary).toMatchObject({
      startedAtMillis: startMillis,
      endedAtMillis: endMillis,
      fragments: seconds,
      holes: [],
    })
    const middle = seconds / 2
    expect(wallMillisAt(details?.knots ?? [], middle)).toBeCloseTo(startMillis + middle * 1000, 0)
  })
})
