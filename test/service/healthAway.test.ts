import { resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { OwnServer } from "../support/OwnServer.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { CameraFigures, HealthAnswer } from "./healthAnswer.ts"

let server: OwnServer
let simulator: SimulatorProcess
let service: VigiaService

beforeAll(async () => {
  server = await OwnServer.start()
  simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: [{ path: "away" }],
  })
  service = await VigiaService.start({ databaseServer: server.address })
  await service.request("POST", "/api/owners", { name: "Away", plan: "basic" })
  await service.request("POST", "/api/cameras", {
    owner_id: 1,
    name: "away",
    url: simulator.camera("away").url,
  })
})
afterAll(async () => {
  await service.remove()
  await simulator.stop()
  await server.remove()
})

const health = async (): Promise<HealthAnswer> => {
  const { status, body } = await service.request("GET", "/api/health")
  expect(status).toBe(200)
  return Schema.decodeUnknownSync(HealthAnswer)(body)
}

it("goes on measuring while the database is away, and keeps what it asked of it with its time", async () => {
  await awaitFact("all windows are measured", async () => {
    const { cameras } = await health()
    return (cameras[0]?.windows["30d"] ?? null) !== null
  })
  const stoppedAtMillis = Date.now()
  await server.stop()
  const away = await awaitFact(
    "the database is away",
    async () => {
      const answer = await health()
      return answer.service.database.available ? null : answer
    },
    60_000,
  )
  process.stdout.write(`known to be away after ${Date.now() - stoppedAtMillis} ms\n`)
  expect(Date.parse(away.service.database.away_since ?? "")).toBeGreaterThan(stoppedAtMillis - 5000)
  const later = await awaitFact("two more samples", async () => {
    const answer = await health()
    const isLater = Date.parse(answer.measured_at) > Date.parse(away.measured_at) + 6000
    // A fragment that a busy machine keeps waiting moves the rate: the next sample has it right.
    const rate = answer.cameras[0]?.frames_per_second ?? 0
    return isLater && Math.abs(rate - 25) < 0.5 ? answer : null
  })
  expect(later.service.database.latency_seconds).toBe(null)
  expect(later.cameras[0]?.state).toBe("recording")
  expect(later.cameras[0]?.windows["30d"]).toEqual(away.cameras[0]?.windows["30d"])
  const { body } = await service.request("GET", "/api/recording/status/1")
  const { health: figures } = Schema.decodeUnknownSync(Schema.Struct({ health: CameraFigures }))(body)
  expect(figures.windows["30d"]).toEqual(later.cameras[0]?.windows["30d"])

  await server.start()
  await awaitFact(
    "the database is back",
    async () => {
      const { available, away_since } = (await health()).service.database
      return available && away_since === null
    },
    60_000,
  )
}, 120_000)
