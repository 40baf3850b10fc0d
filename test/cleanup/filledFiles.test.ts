import { execFileSync } from "node:child_process"
import { mkdirSync, statfsSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { errorCode } from "../../src/domain/errorCode.ts"
import { CoverageAnswer, StatusAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"

const canMount = process.getuid?.() === 0
const reserveFiles = 9

const StorageAnswer = Schema.Struct({
  disk: Schema.Struct({
    total_files: Schema.Int,
    free_files: Schema.Int,
    reserve_files: Schema.Int,
    state: Schema.String,
  }),
})

let simulator: SimulatorProcess
let service: VigiaService
let startedAtMillis: number

const isRecording = async () =>
  Schema.decodeUnknownSync(StatusAnswer)((await service.request("GET", "/api/recording/status/1")).body)
    .is_recording
const freeFiles = () => statfsSync(service.recordingDirectory).ffree
const closed = async () => (await service.rows("SELECT id FROM recordings WHERE state = 'closed'")).length

// mount(2) is for root alone: elsewhere there is no small file system to fill.
describe.skipIf(!canMount)("a disk that may hold 90 files", () => {
  beforeAll(async () => {
    startedAtMillis = Date.now()
    simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: [{ path: "files" }],
    })
    service = await VigiaService.make({
      environment: { RECORDING_SEGMENT_DURATION: "2", RECORDING_RETRY_MAX: "1" },
    })
    mkdirSync(service.recordingDirectory, { recursive: true })
    const size = "size=64m,nr_inodes=90"
    execFileSync("mount", ["-t", "tmpfs", "-o", size, "vigia-test", service.recordingDirectory])
  })

  afterAll(async () => {
    await service.end()
    execFileSync("umount", [service.recordingDirectory])
    await service.remove()
    await simulator.stop()
  })

  it("refuses a start with a reserve of more than half of it", async () => {
    await service.start({ environment: { RECORDING_DISK_RESERVE: "50G" } })
    expect(service.alive).toBe(false)
    expect(service.log.trim().split("\n").at(-1)).toBe(
      'vigia: RECORDING_DISK_RESERVE="53687091200" is not usable: allowed is at most half of the disk of recordings, 33554432 bytes',
    )
  })

  it("loses the oldest recordings when another writer takes all files, and goes on recording", async () => {
    await service.start()
    await service.request("POST", "/api/owners", { name: "Ana", plan: "basic" })
    await service.request("POST", "/api/cameras", {
      owner_id: 1,
      name: "files",
      url: simulator.camera("files").url,
    })
    await awaitFact("some files are closed", async () => (await closed()) >= 8, 60_000)
    for (let at = 0; freeFiles() > 0; at += 1) {
      try {
        writeFileSync(join(service.recordingDirectory, `filler-${at}`), "")
      } catch (error) {
        // The recording took the last one.
        if (errorCode(error) !== "ENOSPC") throw error
      }
    }
    await awaitFact("recordings are evicted", () =>
      service.log.includes("evicted recordings: the disk is too full"),
    )
    await awaitFact("the reserve is free again", () => freeFiles() >= reserveFiles)
    await awaitFact("the camera records", isRecording)
    const { disk } = Schema.decodeUnknownSync(StorageAnswer)(
      (await service.request("GET", "/api/storage")).body,
    )
    expect(disk).toMatchObject({ total_files: 90, reserve_files: reserveFiles })
    const range = `from=${new Date(startedAtMillis).toISOString()}&to=${new Date().toISOString()}`
    const { body } = await service.request("GET", `/api/cameras/1/coverage?${range}`)
    const causes = Schema.decodeUnknownSync(CoverageAnswer)(body).spans.flatMap(({ cause }) => cause ?? [])
    for (const cause of ["unknown", "process_crashed"]) expect(causes).not.toContain(cause)
  }, 120_000)
})
