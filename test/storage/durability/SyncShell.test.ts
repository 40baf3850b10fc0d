import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  openIndexPathOf,
  runDirectoryOf,
  settledIndexPathOf,
} from "../../../src/recorder/segments/runFiles.ts"
import { openIndexOf, settledIndexOf } from "../../../src/storage/durability/recordingPaths.ts"
import { isOwnPath, SyncShell } from "../../../src/storage/durability/SyncShell.ts"
import { isProcessAlive } from "../../service/processes.ts"
import { awaitFact } from "../../support/awaitFact.ts"

const file = "cam_1/2026-01-14/15-00-00.mp4"
const runId = "5f0c8c0e-5b1c-4f0a-9d0e-2d3a4b5c6d7e"
let directory: string
let shell: SyncShell

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "vigia-sync with a space-"))
  mkdirSync(join(directory, "cam_1/2026-01-14"), { recursive: true })
  writeFileSync(join(directory, file), "frames")
  shell = new SyncShell(directory)
})
afterEach(async () => {
  await shell.end()
  rmSync(directory, { recursive: true, force: true })
})

/** What the descriptors of a process stand for: files by their path, sockets by their number. */
const descriptorsOf = (pid: number | "self"): ReadonlySet<string> =>
  new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)]
      } catch {
        // The one that the list was read by.
        return []
      }
    }),
  )

const pidOf = (one: SyncShell): number => one.pid ?? 0

describe("SyncShell", () => {
  it("syncs files, directories and the file system, with one process", async () => {
    expect(shell.pid).toBeNull()
    expect(await shell.ask("data", [file])).toEqual([])
    const pid = shell.pid
    expect(await shell.ask("whole", [file, "cam_1/2026-01-14", "cam_1", "."])).toEqual([])
    expect(await shell.ask("file_system", ["."])).toEqual([])
    expect(shell.pid).toBe(pid)
  })

  it("passes over what is gone and tells what cannot be synced", async () => {
    const gone = "cam_1/2026-01-14/16-00-00.mp4"
    expect(await shell.ask("data", [gone, file])).toEqual([])
    // A path through a file is as good a refusal as a broken disk.
    writeFileSync(join(directory, "cam_2"), "")
    const complaints = await shell.ask("whole", ["cam_2/2026-01-14/15-00-00.mp4", file])
    expect(complaints.length).toBeGreaterThan(0)
    for (const complaint of complaints) expect(complaint).toContain("cam_2/2026-01-14/15-00-00.mp4")
  })

  it("tells when the directory is not there, and finds it again", async () => {
    await shell.ask("data", [file])
    rmSync(directory, { recursive: true })
    expect((await shell.ask("data", [file])).length).toBeGreaterThan(0)
    mkdirSync(directory)
    expect(await shell.ask("data", [file])).toEqual([])
  })

  it.each([
    "",
    "/etc/passwd",
    "cam_1/../x",
    "cam_0",
    "cam_1/2026-01-14/a b.mp4",
    "$(id)",
    "cam_1\n.",
    "-d",
    "..",
  ])("refuses the path %j", (path) => {
    expect(isOwnPath(path)).toBe(false)
    expect(() => shell.ask("data", [file, path])).toThrow("must not be")
    expect(shell.pid).toBeNull()
  })

  it("never syncs everything because nothing was named", () => {
    expect(() => shell.ask("whole", [])).toThrow("0 paths")
  })

  it("takes the names that the recorder gives", () => {
    const recorded = { cameraId: 12, filePath: "cam_12/2026-01-14/15-00-00.mp4", runId, segmentNumber: 7 }
    expect(join("/r", openIndexOf(recorded))).toBe(openIndexPathOf(runDirectoryOf("/r", 12, runId), 7))
    expect(settledIndexOf(recorded)).toBe(settledIndexPathOf(recorded.filePath))
    for (const path of [
      openIndexOf(recorded),
      settledIndexOf(recorded),
      "cam_12/.runs",
      `cam_12/.runs/${runId}`,
    ]) {
      expect(isOwnPath(path)).toBe(true)
    }
  })

  it("fails what was asked when its process is killed, and goes on with another", async () => {
    await shell.ask("data", [file])
    const killed = pidOf(shell)
    process.kill(killed, "SIGSTOP")
    const asked = shell.ask("data", [file])
    process.kill(killed, "SIGKILL")
    await expect(asked).rejects.toThrow("SIGKILL")
    expect(await shell.ask("data", [file])).toEqual([])
    expect(pidOf(shell)).not.toBe(killed)
  })

  it("holds nothing of ours: no socket, no lock, no directory, no variable but PATH", async () => {
    const earlier = descriptorsOf("self")
    const server = createServer()
    const lock = openSync(join(directory, "lock"), "w")
    try {
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
      const ours = [...descriptorsOf("self")].filter((one) => !earlier.has(one))
      expect(ours.length).toBeGreaterThanOrEqual(2)
      await shell.ask("data", [file])
      const pid = pidOf(shell)
      expect([...descriptorsOf(pid)].filter((one) => ours.includes(one))).toEqual([])
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/")
      expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toMatch(/^PATH=[^\0]*\0$/)
    } finally {
      server.close()
      closeSync(lock)
    }
  })

  it("ends also when its process is frozen in the middle of a sync", async () => {
    await shell.ask("data", [file])
    const pid = pidOf(shell)
    process.kill(pid, "SIGSTOP")
    const asked = shell.ask("data", [file])
    const [, refused] = await Promise.allSettled([shell.end(), asked])
    expect(refused).toMatchObject({ status: "rejected", reason: { message: expect.stringMatching(/ended/) } })
    await awaitFact("the process is gone", () => !isProcessAlive(pid))
  })
})
