import { createHash } from "node:crypto"
import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { isProcessAlive, signalProcess } from "../../src/recorder/processes.ts"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { starvation } from "../verify/starvation.ts"
import { CoverageAnswer, StatusAnswer } from "./apiAnswers.ts"

const cameraIds = [1, 2]
let simulator: SimulatorProcess
let service: VigiaService

const isRecording = async (cameraId: number): Promise<boolean> => {
  const { body } = await service.request("GET", `/api/recording/status/${cameraId}`)
  return Schema.decodeUnknownSync(StatusAnswer)(body).is_recording
}

const allRecord = () =>
  awaitFact("all cameras record", async () => (await Promise.all(cameraIds.map(isRecording))).every(Boolean))

const coverageOf = async (cameraId: number, fromMillis: number): Promise<CoverageAnswer> => {
  const range = `from=${new Date(fromMillis).toISOString()}&to=${new Date().toISOString()}`
  const { body } = await service.request("GET", `/api/cameras/${cameraId}/coverage?${range}`)
  return Schema.decodeUnknownSync(CoverageAnswer)(body)
}

const files = () => globSync(`${service.recordingDirectory}/cam_*/*/*.mp4`).toSorted()
const prefixHash = (path: string, bytes: number) =>
  createHash("sha256").update(readFileSync(path).subarray(0, bytes)).digest("hex")

beforeAll(async () => {
  simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: cameraIds.map((id) => ({ path: `r${id}` })),
  })
  service = await VigiaService.start()
  await service.request("POST", "/api/owners", { name: "Restart", plan: "basic" })
  for (const id of cameraIds) {
    const camera = { owner_id: 1, name: `r${id}`, url: simulator.camera(`r${id}`).url }
    await service.request("POST", "/api/cameras", camera)
  }
  await allRecord()
})

afterAll(async () => {
  await service.remove()
  await simulator.stop()
})

describe("a service that is killed and started again", () => {
  it("adopts the runs it finds, keeps every byte they wrote and has one run per camera", async () => {
    const startedAtMillis = Date.now()
    const runs = service.runs()
    expect(runs).toHaveLength(2)
    await service.end("SIGKILL")
    const written = files().map((path) => ({ path, bytes: readFileSync(path).length }))
    const hashes = written.map(({ path, bytes }) => prefixHash(path, bytes))
    expect(runs.every(isProcessAlive)).toBe(true)

    await service.start()
    await allRecord()

    expect(service.runs()).toEqual(runs)
    expect(written.map(({ path, bytes }) => prefixHash(path, bytes))).toEqual(hashes)
    for (const id of cameraIds) {
      const { spans, gap_seconds } = await coverageOf(id, startedAtMillis)
      process.stdout.write(`service killed and started again: camera ${id} lacks ${gap_seconds} s\n`)
      expect(spans.map(({ kind }) => kind)).toEqual(["recorded"])
    }
  })

  it("accounts for the time without service, from the last fragment on, when the runs died with it", async () => {
    const startedAtMillis = Date.now()
    const runs = service.runs()
    const starved = await starvation(runs)
    const killedAtMillis = Date.now()
    service.kill("SIGKILL")
    for (const run of runs) signalProcess(run, "SIGKILL")
    await service.end("SIGKILL")
    await awaitFact("the runs are gone", () => !runs.some(isProcessAlive))
    const lastFrames = cameraIds.map((id) => {
      const latest = files().findLast((path) => path.includes(`/cam_${id}/`))
      return readFrameStamps(latest ?? "").at(-1)?.sentAtMillis ?? 0
    })

    await service.start()
    await allRecord()

    for (const [at, id] of cameraIds.entries()) {
      const { spans } = await coverageOf(id, startedAtMillis - 1000)
      const gap = spans.find(({ cause }) => cause === "service_down")
      const lostMillis = killedAtMillis - (lastFrames[at] ?? 0)
      const starvedMillis = 1000 * (starved.get(runs.find(({ cameraId }) => cameraId === id)?.pid ?? 0) ?? 0)
      expect(lostMillis - starvedMillis).toBeLessThan(1000)
      expect(Math.abs(Date.parse(gap?.from ?? "") - (lastFrames[at] ?? 0))).toBeLessThan(500)
    }
  })

  it("refuses nothing and loses nothing on a clean stop: the files are settled", async () => {
    expect(await service.end("SIGTERM")).toBe(0)
    expect(service.runs()).toEqual([])
    expect(globSync(`${service.recordingDirectory}/cam_*/.runs/*`)).toEqual([])
    expect(globSync(`${service.directory}/state/runs/*`)).toEqual([])
  })
})
