import { execFileSync } from "node:child_process"
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { logOutput } from "../../src/logging/logOutput.ts"
import { makePino } from "../../src/logging/pinoLogger.ts"

const canMount = process.getuid?.() === 0

/** Fills a file system to the last byte. */
const fill = (path: string): void => {
  const descriptor = openSync(path, "w")
  try {
    for (let size = 65_536; size >= 1;) {
      try {
        if (writeSync(descriptor, Buffer.alloc(size)) < size) size = Math.floor(size / 2)
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(descriptor)
  }
}

// Only root may mount the small file system that is to be full.
describe.runIf(canMount)("the log on a full disk", () => {
  let directory = ""
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vigia-log-"))
    mkdirSync(join(directory, "disk"))
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", join(directory, "disk")])
  })
  afterEach(() => {
    execFileSync("umount", [join(directory, "disk")])
    rmSync(directory, { recursive: true })
  })

  it("loses lines of all levels, delays nobody, and says how many when there is room", () => {
    const logPath = join(directory, "disk", "log")
    const descriptor = openSync(logPath, "a")
    const log = makePino(
      "info",
      logOutput(descriptor, (lines) => `${lines} lost`),
    )
    log.info("before")
    fill(join(directory, "disk", "filler"))
    expect(statfsSync(join(directory, "disk")).bavail).toBe(0)
    const text = "x".repeat(10_000)
    log.info(text)
    log.warn(text)
    log.fatal(text)
    unlinkSync(join(directory, "disk", "filler"))
    log.info("after")
    closeSync(descriptor)
    const lines = readFileSync(logPath, "utf8").trimEnd().split("\n")
    expect(lines[0]).toContain("before")
    expect(lines.at(-2)).toBe("3 lost")
    expect(lines.at(-1)).toContain("after")
  })
})
