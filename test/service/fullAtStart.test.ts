import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { endGuardsOf } from "../support/guards.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { StatusAnswer } from "./apiAnswers.ts"

const canMount = process.getuid?.() === 0
const run = (program: string, ...programArguments: ReadonlyArray<string>) =>
  execFileSync(program, programArguments, { env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` } })

let simulator: SimulatorProcess
let service: VigiaService
let images: string
let mounted: string

const status = async () =>
  Schema.decodeUnknownSync(StatusAnswer)((await service.request("GET", "/api/recording/status/1")).body)

/** An ext4 file system: unlike one in memory it has no room for a new directory either when it is full. */
const mountSmallDisk = (directory: string) => {
  mkdirSync(directory, { recursive: true })
  const image = join(images, "image")
  writeFileSync(image, "")
  truncateSync(image, 24 * 1024 * 1024)
  run("mkfs.ext4", "-q", "-m", "0", image)
  run("mount", "-o", "loop", image, directory)
  mounted = directory
}

let fillers = 0
const fill = () => {
  for (const block of ["1M", "4k", "1"]) {
    const path = join(mounted, `filler-${(fillers += 1)}`)
    run("sh", "-c", 'dd if=/dev/zero of="$1" bs="$2" 2>/dev/null || true', "fill", path, block)
  }
  expect(statfsSync(mounted).bavail).toBe(0)
}

const makeRoom = () => {
  for (const name of readdirSync(mounted)) if (name.startsWith("filler-")) rmSync(join(mounted, name))
}

const records = () => awaitFact("the camera records", async () => (await status()).is_recording)

const startRecording = async () => {
  await service.start()
  await service.request("POST", "/api/owners", { name: "Full", plan: "basic" })
  const camera = { owner_id: 1, name: "full", url: simulator.camera("full").url }
  await service.request("POST", "/api/cameras", camera)
  await records()
}

const openDescriptors = () => readdirSync(`/proc/${service.pid}/fd`).length

// mount(2) is for root alone: elsewhere there is no small file system to fill.
describe.skipIf(!canMount)("a disk that is full", () => {
  beforeEach(async () => {
    images = mkdtempSync(join(tmpdir(), "vigia-images-"))
    simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: [{ path: "full" }],
    })
    service = await VigiaService.make({
      environment: { RECORDING_RETRY_INITIAL: "0.2", RECORDING_RETRY_MAX: "0.2" },
    })
  })

  afterEach(async () => {
    await service.end()
    endGuardsOf(service.recordingDirectory)
    run("umount", "-l", mounted)
    await service.remove()
    await simulator.stop()
    rmSync(images, { recursive: true, force: true })
  })

  it("with the recordings: the service starts, says so, and records as soon as there is room", async () => {
    mountSmallDisk(service.recordingDirectory)
    await startRecording()
    await service.end("SIGKILL")
    fill()
    await service.start()
    expect(service.alive).toBe(true)
    await awaitFact("the full disk is the cause", async () => (await status()).cause === "disk_full")

    const descriptors = openDescriptors()
    const tries = () => service.log.split("-> backoff").length
    const before = tries()
    await awaitFact("many more tries", () => tries() > before + 10)
    expect((await status()).cause).toBe("disk_full")
    expect(openDescriptors()).toBeLessThan(descriptors + 5)
    expect(readdirSync(join(service.stateDirectory, "runs")).length).toBeLessThan(3)
    makeRoom()
    await records()
  })

  it("with the state: a camera is recorded anew, and a run without its record is taken over", async () => {
    mountSmallDisk(service.stateDirectory)
    await startRecording()
    await service.request("POST", "/api/recording/stop", { camera_id: 1 })
    await awaitFact("the run has ended", () => service.runs().length === 0)
    fill()
    await service.request("POST", "/api/recording/start", { camera_id: 1 })
    await records()
    const before = service.runs()
    expect(before).toHaveLength(1)

    await service.end("SIGKILL")
    await service.start()
    await records()
    expect(service.runs()).toEqual(before)
  })
})
