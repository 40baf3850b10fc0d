import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type * as FileSystem from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { CameraComparison } from "../../src/repair/CameraComparison.ts"
import { listCamera, listRoot } from "../../src/repair/listDirectories.ts"
import { writeRecording } from "./recordedFile.ts"

/** Paths that the disk refuses to read; root may read whatever its permissions say. */
const refused = vi.hoisted(() => ({ paths: new Set<string>() }))

vi.mock("node:fs", async (load) => {
  const fs = await load<typeof FileSystem>()
  const refuse = (path: unknown) => {
    if (!refused.paths.has(String(path))) return
    throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" })
  }
  const refusing =
    <Args extends ReadonlyArray<unknown>, Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      refuse(args[0])
      return call(...args)
    }
  return {
    ...fs,
    readdirSync: refusing(fs.readdirSync),
    lstatSync: refusing(fs.lstatSync),
    readFileSync: refusing(fs.readFileSync),
    openSync: refusing(fs.openSync),
  }
})

const noon = Date.UTC(2026, 0, 14, 12)
const day = 86_400_000
const identity = "5f0c8c0e-5b1c-4f0a-9d0e-2d3a4b5c6d7e"

/** All findings of camera 1, which has a row for a file that is there, and one for a file that is not, of each day. */
const findings = (directory: string) => {
  const listing = listCamera(directory, {
    type: "list",
    cameraId: 1,
    identity,
    isLinked: false,
    memory: null,
  })
  const rows = ["2026-01-14", "2026-01-15"].map((name) => ({
    directory: name,
    text: "c10 12-00-00\nc10 13-00-00",
  }))
  const comparison = new CameraComparison(directory, listing, {
    type: "compare",
    startedAtMillis: noon + 100 * day,
    rows,
    busy: new Set(),
    unsettled: new Set(),
    youngMillis: 0,
  })
  return { found: [...comparison.findings()], end: comparison.end }
}

const error = (path: string) => ({ type: "error", error: { path, reason: "EIO" } })
const absent = (path: string) => ({ type: "absent", path })

describe("a disk that refuses to be read", () => {
  let directory: string
  const refuse = (name: string) => refused.paths.add(join(directory, name))
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vigia-repair-"))
    mkdirSync(join(directory, "cam_1/.runs"), { recursive: true })
    writeFileSync(join(directory, "cam_1/.camera"), JSON.stringify({ identity }))
    writeRecording(directory, 1, noon, 1)
    writeRecording(directory, 1, noon + day, 1)
  })
  afterEach(() => {
    refused.paths.clear()
    rmSync(directory, { recursive: true })
  })

  it("has nothing missing where it could not be looked at", () => {
    expect(findings(directory).found).toEqual([
      absent("cam_1/2026-01-14/13-00-00.mp4"),
      absent("cam_1/2026-01-15/13-00-00.mp4"),
    ])
    refuse("cam_1/2026-01-14")
    const { found, end } = findings(directory)
    expect(found).toEqual([error("cam_1/2026-01-14"), absent("cam_1/2026-01-15/13-00-00.mp4")])
    // The next pass lists it again.
    expect(end.memory.days.get("2026-01-14")).toBeNull()
  })

  it("has nothing missing of a camera whose directory, identity or runs it does not give", () => {
    for (const name of ["cam_1", "cam_1/.camera", "cam_1/.runs"]) {
      refused.paths.clear()
      refuse(name)
      const { found, end } = findings(directory)
      expect(found).toEqual([error(name === "cam_1/.runs" ? name : "cam_1")])
      expect(end.memory.mtimeNanos).toBeNull()
    }
  })

  it("has no file missing that it does not tell about", () => {
    refuse("cam_1/2026-01-14/13-00-00.mp4")
    const { found, end } = findings(directory)
    expect(found).toEqual([error("cam_1/2026-01-14/13-00-00.mp4"), absent("cam_1/2026-01-15/13-00-00.mp4")])
    expect(end.memory.days.get("2026-01-14")).toBeNull()
  })

  it("ends the pass where the recordings directory itself cannot be listed", () => {
    refuse("")
    refused.paths.add(directory)
    expect(() => listRoot(directory, { type: "root", memory: null, startedAtMillis: noon })).toThrow("EIO")
  })
})
