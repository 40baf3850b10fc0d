import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"

const program = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

const badSettings: ReadonlyArray<readonly [variable: string, value: string]> = [
  ["PORT", "70000"],
  ["PORT", "http"],
  ["RECORDING_SEGMENT_DURATION", "1"],
  ["RECORDING_SEGMENT_DURATION", "1h"],
  ["RECORDING_FORMAT", "mkv"],
  ["RECORDING_CODEC", "vp9"],
  ["RECORDING_BITRATE", "2M -y"],
  ["RECORDING_STALL_TIMEOUT", "0"],
  ["RECORDING_RETRY_MAX", "-1"],
  ["POSTGRES_PORT", "0"],
  ["RECORDING_CLEANUP_CRON", "at three"],
  ["TZ", "Mars/Olympus"],
  ["LOG_LEVEL", "loud"],
]

describe("a start that cannot succeed", () => {
  const directories: Array<string> = []
  const temporary = (): string => {
    const directory = mkdtempSync(join(tmpdir(), "vigia-bad-input-"))
    directories.push(directory)
    return directory
  }
  afterAll(() => {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  })

  const start = (directory: string, environment: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [program], {
      cwd: directory,
      encoding: "utf8",
      timeout: 30_000,
      env: { PATH: process.env["PATH"], PORT: "0", POSTGRES_HOST: "127.0.0.1", ...environment },
    })

  it.each(badSettings)("%s=%s: ends with one line that names both", (variable, value) => {
    const directory = temporary()
    const { status, stdout, stderr } = start(directory, { [variable]: value })
    expect(status).toBe(1)
    expect(stdout).toBe("")
    expect(stderr).toMatch(/^vigia: [^\n]+\n$/)
    expect(stderr).toContain(`${variable}=${JSON.stringify(value)}`)
    expect(readdirSync(directory)).toEqual([])
  })

  it("DATABASE_URL of another database: does not repeat its password", () => {
    const { status, stderr } = start(temporary(), { DATABASE_URL: "mysql://vigia:Pa55word@db/vigia" })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^vigia: DATABASE_URL=[^\n]+\n$/)
    expect(stderr).not.toContain("Pa55word")
  })
})
