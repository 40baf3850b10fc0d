import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { newestFileMillis } from "../../../src/storage/rebuild/newestFile.ts"

describe("newestFileMillis", () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vigia-newest-"))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const file = (name: string, endedAtSeconds: number): void => {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, "")
    utimesSync(path, endedAtSeconds, endedAtSeconds)
  }

  it("is null without a recording", async () => {
    expect(await newestFileMillis(join(directory, "absent"))).toBeNull()
    file(".camera", 900)
    mkdirSync(join(directory, "2026-01-14"))
    expect(await newestFileMillis(directory)).toBeNull()
  })

  it("is the latest end among the files of the last day that has any, and looks at no earlier day", async () => {
    file("2026-01-13/23-00-00.mp4", 9000)
    file("2026-01-14/09-00-00.mp4", 500)
    file("2026-01-14/08-00-00.mp4", 600)
    file("2026-01-14/09-00-00.idx", 9500)
    mkdirSync(join(directory, "2026-01-15"))
    file("notes/16-00-00.mp4", 9900)
    expect(await newestFileMillis(directory)).toBe(600_000)
  })

  it("knows files that FFmpeg wrote while no service published them", async () => {
    file("2026-01-14/09-00-00.mp4", 500)
    file(".runs/a/000001.mp4", 700)
    file(".runs/b/000000.mp4", 650)
    expect(await newestFileMillis(directory)).toBe(700_000)
  })
})
