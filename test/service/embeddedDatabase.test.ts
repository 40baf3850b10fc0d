import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { isPostmasterOf, processesIn, readPostmaster } from "../../src/storage/embedded/postmaster.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { recordAll } from "../verify/recordAll.ts"
import { CoverageAnswer, RecordingsAnswer } from "./apiAnswers.ts"

let directory: string
let dataDirectory: string
let simulator: SimulatorProcess
let service: VigiaService
let cameraId = 0
let foreign: ChildProcess | null = null

const postmaster = () => readPostmaster(dataDirectory)
const postmasterPid = (): number => postmaster()?.pid ?? 0

const recordings = async () => {
  const { body } = await service.request("GET", `/api/recordings?camera_id=${cameraId}&limit=1000`)
  return Schema.decodeUnknownSync(RecordingsAnswer)(body).recordings
}

/** Rows that nothing changes any more: they must all be there after whatever happens. */
const closedPaths = async () =>
  (await recordings()).filter(({ state }) => state === "closed").map(({ file_path }) => file_path)

const aClosedFile = () =>
  awaitFact("a file is closed and stored", async () => (await closedPaths()).length > 0)

const isReady = async () => (await service.request("GET", "/readyz")).status === 200

const gapsSince = async (fromMillis: number) => {
  const range = `from=${new Date(fromMillis).toISOString()}&to=${new Date().toISOString()}`
  const { body } = await service.request("GET", `/api/cameras/${cameraId}/coverage?${range}`)
  return Schema.decodeUnknownSync(CoverageAnswer)(body).spans.filter(({ kind }) => kind !== "recorded")
}

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "vigia-embedded-")))
  // As root the server runs as another user, who has to reach its directory.
  chmodSync(directory, 0o711)
  dataDirectory = join(directory, "state", "postgres")
  simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: [{ path: "embedded" }],
  })
  service = await VigiaService.start({
    directory,
    environment: { POSTGRES_HOST: "", RECORDING_SEGMENT_DURATION: "2" },
  })
  cameraId = (await recordAll(service, [simulator.camera("embedded").url]))[0] ?? 0
}, 120_000)

afterAll(async () => {
  await service.end()
  for (const pid of existsSync(dataDirectory) ? processesIn(dataDirectory) : []) process.kill(pid, "SIGKILL")
  foreign?.kill("SIGKILL")
  await service.remove()
  await simulator.stop()
  rmSync(directory, { recursive: true, force: true })
})

describe("Vigia's own database", () => {
  it("is adopted by the next life of a service that was killed", async () => {
    await aClosedFile()
    const before = postmaster()
    const paths = await closedPaths()
    await service.end("SIGKILL")
    expect(isPostmasterOf(before?.pid ?? 0, dataDirectory)).toBe(true)
    await service.start()
    expect(postmaster()).toMatchObject({ pid: before?.pid, socketDirectory: before?.socketDirectory })
    expect(await closedPaths()).toEqual(expect.arrayContaining(paths))
  })

  it("recovers when it is killed beside a living service, which records on and catches up", async () => {
    await aClosedFile()
    const fromMillis = Date.now()
    const before = postmaster()
    const paths = await closedPaths()
    const pids = service.runs().map(({ pid }) => pid)
    process.kill(before?.pid ?? 0, "SIGKILL")
    await awaitFact(
      "another server is ready",
      async () => postmasterPid() !== before?.pid && postmaster()?.status === "ready" && (await isReady()),
    )
    expect(postmaster()?.socketDirectory).toBe(before?.socketDirectory)
    expect(await closedPaths()).toEqual(expect.arrayContaining(paths))
    await awaitFact(
      "what was recorded meanwhile is stored",
      async () => (await closedPaths()).length > paths.length,
    )
    expect(service.runs().map(({ pid }) => pid)).toEqual(pids)
    expect(await gapsSince(fromMillis)).toEqual([])
  })

  it("is recovered by the next life when both were killed", async () => {
    await aClosedFile()
    const before = postmasterPid()
    const paths = await closedPaths()
    service.kill("SIGKILL")
    process.kill(before, "SIGKILL")
    await service.end("SIGKILL")
    await service.start()
    expect(postmasterPid()).not.toBe(before)
    expect(await closedPaths()).toEqual(expect.arrayContaining(paths))
  })

  it("leaves neither process nor socket behind when the service stops, and starts with every row", async () => {
    await aClosedFile()
    const before = postmaster()
    const paths = await closedPaths()
    expect(await service.end("SIGTERM")).toBe(0)
    expect(postmaster()).toBeUndefined()
    expect(processesIn(dataDirectory)).toEqual([])
    expect(existsSync(before?.socketDirectory ?? "")).toBe(false)
    await service.start()
    expect(await closedPaths()).toEqual(expect.arrayContaining(paths))
  })

  it("starts beside a foreign process that has the number its server had", async () => {
    await aClosedFile()
    const paths = await closedPaths()
    await service.end("SIGTERM")
    foreign = spawn("sleep", ["600"], { stdio: "ignore" })
    const lines = [foreign.pid, dataDirectory, 0, 5432, "/tmp/vigia-abcdef", "", "", "ready"]
    writeFileSync(join(dataDirectory, "postmaster.pid"), `${lines.join("\n")}\n`)
    await service.start()
    expect(postmasterPid()).not.toBe(foreign.pid)
    expect(foreign.exitCode ?? foreign.signalCode).toBeNull()
    expect(await closedPaths()).toEqual(expect.arrayContaining(paths))
  })
})
