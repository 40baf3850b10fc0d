import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { CoverageAnswer, StatusAnswer } from "./apiAnswers.ts"

const canMount = process.getuid?.() === 0
let simulator: SimulatorProcess
let service: VigiaService

const status = async () =>
  Schema.decodeUnknownSync(StatusAnswer)((await service.request("GET", "/api/recording/status/1")).body)

const freeBytes = () => {
  const { bavail, bsize } = statfsSync(service.recordingDirectory)
  return bavail * bsize
}

// mount(2) is for root alone: elsewhere there is no small file system to fill.
describe.skipIf(!canMount)("a full disk", () => {
  beforeAll(async () => {
    simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: [{ path: "full" }],
    })
    service = await VigiaService.make({ environment: { RECORDING_RETRY_MAX: "2" } })
    mkdirSync(service.recordingDirectory, { recursive: true })
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "vigia-test", service.recordingDirectory])
    await service.start()
    await service.request("POST", "/api/owners", { name: "Full", plan: "basic" })
    const camera = { owner_id: 1, name: "full", url: simulator.camera("full").url }
    await service.request("POST", "/api/cameras", camera)
    await awaitFact("the camera records", async () => (await status()).is_recording)
  })

  afterAll(async () => {
    await service.end()
    execFileSync("umount", [service.recordingDirectory])
    await service.remove()
    await simulator.stop()
  })

  it("is told by the file system's own figures, and recording resumes by itself when there is room", async () => {
    const startedAtMillis = Date.now()
    const filler = join(service.recordingDirectory, "filler")
    writeFileSync(filler, "")
    execFileSync("sh", ["-c", 'cat /dev/zero > "$1" 2>/dev/null || true', "fill", filler])
    expect(freeBytes()).toBe(0)
    await awaitFact("the full disk is the cause", async () => (await status()).cause === "disk_full")
    expect(service.alive).toBe(true)

    rmSync(filler)
    await awaitFact("the camera records again", async () => (await status()).is_recording)
    const range = `from=${new Date(startedAtMillis).toISOString()}&to=${new Date().toISOString()}`
    const { body } = await service.request("GET", `/api/cameras/1/coverage?${range}`)
    const { spans } = Schema.decodeUnknownSync(CoverageAnswer)(body)
    expect(spans.flatMap(({ cause }) => cause ?? [])).toContain("disk_full")
    expect(spans.flatMap(({ cause }) => cause ?? [])).not.toContain("unknown")
    expect(spans.at(-1)?.kind).toBe("recorded")
  })
})
