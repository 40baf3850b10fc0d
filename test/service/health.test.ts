import { resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { EventClient } from "../events/EventClient.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { CoverageAnswer } from "./apiAnswers.ts"
import { coverageOutages } from "./coverageOutages.ts"
import { firstFragmentOfNewRun, runDirectories } from "./firstFragment.ts"
import { CameraFigures, HealthAnswer } from "./healthAnswer.ts"
import { ProcessRecord } from "./ProcessRecord.ts"

let simulator: SimulatorProcess
let service: VigiaService

const health = async (): Promise<HealthAnswer> => {
  const { body } = await service.request("GET", "/api/health")
  return Schema.decodeUnknownSync(HealthAnswer)(body)
}

const cameraIn = (answer: HealthAnswer, cameraId: number) => {
  const camera = answer.cameras.find((one) => one.camera_id === cameraId)
  if (camera === undefined) throw new Error(`no camera ${cameraId}`)
  return camera
}

const runOf = (cameraId: number) => service.runs().find((run) => run.cameraId === cameraId)

beforeAll(async () => {
  simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: [{ path: "h1", video: "h264-1080p" }, { path: "h2" }, { path: "h3", video: "hevc-360p" }],
  })
  // The third camera is encoded anew: a process that costs much more than its bytes.
  service = await VigiaService.start({ environment: { RECORDING_CODEC: "h264" } })
  await service.request("POST", "/api/owners", { name: "Health", plan: "basic" })
  for (const name of ["h1", "h2", "h3"]) {
    await service.request("POST", "/api/cameras", { owner_id: 1, name, url: simulator.camera(name).url })
  }
  await awaitFact("all cameras record", async () => (await health()).summary.cameras_recording === 3)
})

afterAll(async () => {
  await service.remove()
  await simulator.stop()
})

describe("health", () => {
  it("gives CPU time and bytes of FFmpeg, and the disk I/O of all, as /proc does over the same window", async () => {
    const pids = [...[1, 2, 3].map((cameraId) => runOf(cameraId)?.pid ?? 0), service.pid]
    const records = pids.map((pid) => new ProcessRecord(pid))
    const samples = new Map<string, HealthAnswer>()
    try {
      // A window lasts from the second to last sample before to the last.
      await awaitFact("five samples", async () => {
        const answer = await health()
        samples.set(answer.measured_at, answer)
        return samples.size === 5
      })
    } finally {
      for (const record of records) record.stop()
    }
    const answers = [...samples.values()]
    for (const [at, cameraId] of [1, 2, 3].entries()) {
      const [from, last] = [answers.at(-3), answers.at(-1)]
      const record = records[at]
      if (from === undefined || last === undefined || record === undefined) throw new Error("unreachable")
      const read = record.over(Date.parse(from.measured_at), Date.parse(last.measured_at))
      const { cpu_percent, written_bytes_per_second } = cameraIn(last, cameraId)
      process.stdout.write(
        `camera ${cameraId}: CPU ${cpu_percent} % (/proc: ${read.cpuPercent.toFixed(2)} %), ` +
          `written ${written_bytes_per_second} B/s (/proc: ${read.writtenBytes.toFixed(0)} B/s)\n`,
      )
      // The kernel counts CPU time in ticks of 10 ms: 0.1 % of 10 s.
      expect(Math.abs((cpu_percent ?? NaN) - read.cpuPercent)).toBeLessThanOrEqual(
        0.1 * read.cpuPercent + 0.11,
      )
      expect(Math.abs((written_bytes_per_second ?? NaN) - read.writtenBytes)).toBeLessThan(
        0.1 * read.writtenBytes,
      )
    }
    const [from, last] = [answers.at(-3), answers.at(-1)]
    if (from === undefined || last === undefined) throw new Error("unreachable")
    const all = records
      .map((record) => record.over(Date.parse(from.measured_at), Date.parse(last.measured_at)))
      .reduce((sum, { readBytes, writtenBytes }) => sum + readBytes + writtenBytes, 0)
    const target = last.targets.find(({ name }) => name === "disk_io")
    process.stdout.write(`disk I/O of all ${target?.measured} B/s (/proc: ${all.toFixed(0)} B/s)\n`)
    expect(target?.met).toBe(true)
    expect(Math.abs((target?.measured ?? NaN) - all)).toBeLessThan(0.1 * all)
  }, 120_000)

  it("says what it measures of cameras and service, and of what it does not", async () => {
    const path = "/api/events?types=health.sampled&camera_id=1"
    const client = new EventClient(service.address, path).listen()
    // Of ten seconds, from arrival to arrival: one that a busy machine keeps waiting moves it, the next sample has it right.
    const isSteady = (rate: number | null) => rate !== null && Math.abs(rate - 25) < 0.5
    const answer = await awaitFact(
      "all windows are measured, and the rate is that of the camera",
      async () => {
        const now = await health()
        const frameLoss = now.targets.find(({ name }) => name === "frame_loss")
        const isMeasured =
          now.cameras.every(({ windows }) => windows["30d"] !== null) &&
          frameLoss?.unmeasured_cameras.length === 0
        return isMeasured && isSteady(cameraIn(now, 1).frames_per_second) ? now : null
      },
    )
    const camera = cameraIn(answer, 1)
    expect(camera).toMatchObject({ state: "recording", not_measured: ["clock_offset_seconds"] })
    expect(camera.fragment_age_seconds).toBeLessThan(5)
    expect(camera.windows["24h"]).toMatchObject({
      missing_frames: 0,
      frame_loss_percent: 0,
      lost_packets: null,
      not_measured: ["lost_packets", "damaged_frames_at_most"],
    })
    expect(answer.service.database).toMatchObject({ available: true, away_since: null })
    expect(answer.service.event_loop.delay_seconds).toBeGreaterThanOrEqual(0)
    expect(answer.service.disk.write_latency_seconds).toBeGreaterThan(0)
    const targets = new Map(answer.targets.map((target) => [target.name, target]))
    expect([...targets.keys()]).toEqual(["uptime", "frame_loss", "disk_io", "cpu"])
    expect(targets.get("frame_loss")).toMatchObject({ measured: 0, met: true, unmeasured_cameras: [] })
    expect(targets.get("disk_io")).toMatchObject({ limit: 100_000_000, met: true })
    await awaitFact("its status says the same", async () => {
      const { body } = await service.request("GET", "/api/recording/status/1")
      const status = Schema.decodeUnknownSync(Schema.Struct({ health: CameraFigures }))(body)
      return isSteady(status.health.frames_per_second)
    })
    const sampled = await awaitFact("two samples are told", () => client.parser.events[1])
    client.close()
    expect(sampled).toMatchObject({ type: "health.sampled", data: { camera_id: 1, state: "recording" } })
  })

  it("tells how long a camera took to recover, as its gap in the coverage", async () => {
    const run = runOf(2)
    if (run === undefined) throw new Error("camera 2 does not record")
    const known = runDirectories(service.recordingDirectory, 2)
    const killedAtMillis = Date.now()
    process.kill(run.pid, "SIGKILL")
    const { byMillis } = await firstFragmentOfNewRun(service.recordingDirectory, 2, known)
    const failed = await awaitFact("the failure is reported", async () => {
      const { failures } = cameraIn(await health(), 2)
      return failures.total === 1 ? failures : null
    })
    // Not yet: a recording that has just begun may be found to have begun earlier.
    expect(failed).toMatchObject({ by_cause: { process_crashed: 1 } })
    const { recovery_seconds } = await awaitFact("the recovery is reported", async () => {
      const { failures } = cameraIn(await health(), 2)
      return failures.recovery_seconds.length === 1 ? failures : null
    })
    const range = `from=${new Date(killedAtMillis - 5000).toISOString()}&to=${new Date().toISOString()}`
    const { body } = await service.request("GET", `/api/cameras/2/coverage?${range}`)
    const [gap, ...others] = coverageOutages(Schema.decodeUnknownSync(CoverageAnswer)(body))
    process.stdout.write(`out for ${gap} s; reported: ${recovery_seconds[0]} s\n`)
    expect(others).toEqual([])
    expect(Math.abs((recovery_seconds[0] ?? NaN) - (gap ?? NaN))).toBeLessThan(0.1)
    // A fragment of a second was lost with the process, and the first of the next run lasts as long.
    expect(recovery_seconds[0]).toBeLessThan((byMillis - killedAtMillis) / 1000 + 1.5)
  }, 120_000)
})
