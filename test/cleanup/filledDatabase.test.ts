import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { RecordingsAnswer, StatusAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { LoopDisk } from "../verify/LoopDisk.ts"

const canMount = process.getuid?.() === 0
const cameras = [1, 2, 3, 4]
const mebibyte = 2 ** 20
const diskBytes = 320 * mebibyte

let images: string
let disk: LoopDisk
let simulator: SimulatorProcess
let service: VigiaService

const freeBytes = () => {
  const { bavail, bsize } = statfsSync(disk.directory)
  return bavail * bsize
}
const allRecord = async () =>
  (
    await Promise.all(
      cameras.map(async (id) => (await service.request("GET", `/api/recording/status/${id}`)).body),
    )
  ).every((body) => Schema.decodeUnknownSync(StatusAnswer)(body).is_recording)
const closedBytes = async () => {
  const answers = await Promise.all(
    cameras.map(
      async (id) => (await service.request("GET", `/api/recordings?camera_id=${id}&limit=1000`)).body,
    ),
  )
  return answers
    .flatMap((body) => Schema.decodeUnknownSync(RecordingsAnswer)(body).recordings)
    .filter(({ state }) => state === "closed")
    .reduce((sum, { file_path }) => sum + statSync(join(service.recordingDirectory, file_path)).size, 0)
}
const ballast = () => join(service.stateDirectory, "ballast")
const fill = () => {
  for (const block of ["1M", "4k", "1"]) {
    const path = join(disk.directory, `filler-${block}`)
    execFileSync("sh", ["-c", 'dd if=/dev/zero of="$1" bs="$2" 2>/dev/null || true', "fill", path, block])
  }
}

// mount(2) is for root alone: elsewhere there is no small file system to fill.
describe.skipIf(!canMount)("a full disk that holds the database and its recordings", () => {
  beforeAll(async () => {
    images = mkdtempSync(join(tmpdir(), "vigia-filled-database-"))
    chmodSync(images, 0o711)
    disk = LoopDisk.mount(join(images, "image"), join(images, "disk"), diskBytes)
    simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: cameras.map((id) => ({ path: `camera${id}`, video: "h264-1080p" })),
    })
    service = await VigiaService.make({
      directory: disk.directory,
      environment: {
        POSTGRES_HOST: "",
        RECORDING_SEGMENT_DURATION: "2",
        RECORDING_RETRY_MAX: "1",
        // More than the ballast: to get there recordings have to go.
        RECORDING_DISK_RESERVE: "24M",
      },
    })
    await service.start()
    await service.request("POST", "/api/owners", { name: "Ana", plan: "basic" })
    for (const id of cameras) {
      const { url } = simulator.camera(`camera${id}`)
      await service.request("POST", "/api/cameras", { owner_id: 1, name: `camera ${id}`, url })
    }
    await awaitFact("all cameras record", allRecord)
  }, 120_000)

  afterAll(async () => {
    await service.remove().catch(() => undefined)
    await disk.unmount()
    rmSync(images, { recursive: true, force: true })
    await simulator.stop()
  })

  it("evicts and records again without a restart, by the room of the ballast", async () => {
    await awaitFact("the ballast is made", () => existsSync(ballast()))
    const { size, blocks } = statSync(ballast())
    expect(size).toBe(18 * mebibyte)
    expect(blocks * 512).toBeGreaterThanOrEqual(size)
    await awaitFact("enough is recorded", async () => (await closedBytes()) > 24 * mebibyte, 60_000)
    fill()
    await awaitFact("the ballast is given up", () => service.log.includes("the ballast is given up"), 60_000)
    await awaitFact("recordings are evicted", () => service.log.includes("evicted recordings"), 60_000)
    await awaitFact("the reserve is free", () => freeBytes() >= 24 * mebibyte, 60_000)
    await awaitFact("all cameras record again", allRecord, 60_000)
    for (const block of ["1M", "4k", "1"]) rmSync(join(disk.directory, `filler-${block}`), { force: true })
    await awaitFact("the ballast is made again", () => existsSync(ballast()), 60_000)
    expect(service.alive).toBe(true)
  }, 240_000)
})
