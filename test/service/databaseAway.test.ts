import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { OwnServer } from "../support/OwnServer.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { measureDatabaseAway } from "../verify/databaseAway.ts"
import { measureDatabaseKilled } from "../verify/databaseKilled.ts"
import { recordAll } from "../verify/recordAll.ts"
import { CoverageAnswer } from "./apiAnswers.ts"

describe("a database that goes away", () => {
  it("finds everything in order when it returns: cameras failed and recovered meanwhile", async () => {
    const verdicts = await measureDatabaseAway({ seed: 3, cameras: 3, awaySeconds: 2, how: "stopped" })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 120_000)

  it("is killed in the midst of writes: no acknowledged row is lost, none is there twice", async () => {
    const verdicts = await measureDatabaseKilled({ seed: 3, kills: 3 })
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 120_000)
})

const KeptRows = Schema.fromJsonString(
  Schema.Struct({
    seenAtMillis: Schema.NullOr(Schema.Finite),
    rows: Schema.Struct({
      gaps: Schema.Array(
        Schema.Struct({
          cameraId: Schema.Int,
          cause: Schema.optionalKey(Schema.String),
          endMillis: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
        }),
      ),
    }),
  }),
)

describe("a service that dies while its database is away", () => {
  let server: OwnServer
  let simulator: SimulatorProcess
  let service: VigiaService
  beforeAll(async () => {
    server = await OwnServer.start()
    simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: [
        { path: "stays", port: 0 },
        { path: "returns", port: 0 },
      ],
    })
    service = await VigiaService.start({
      databaseServer: server.address,
      environment: { RECORDING_RETRY_INITIAL: "0.5", RECORDING_RETRY_MAX: "1" },
    })
  })
  afterAll(async () => {
    await service.remove()
    await simulator.stop()
    await server.remove()
  })

  const keptPath = () => join(service.stateDirectory, "pending-rows.json")
  const kept = () =>
    existsSync(keptPath()) ? Schema.decodeSync(KeptRows)(readFileSync(keptPath(), "utf8")) : undefined
  const coverage = async (cameraId: number, fromMillis: number) => {
    const range = `from=${new Date(fromMillis).toISOString()}&to=${new Date().toISOString()}`
    const { body } = await service.request("GET", `/api/cameras/${cameraId}/coverage?${range}`)
    return Schema.decodeUnknownSync(CoverageAnswer)(body).spans
  }

  it("tells what happened meanwhile after its next start, which waits for the database", async () => {
    const urls = ["stays", "returns"].map((path) => simulator.camera(path).url)
    const [stays = 0, returns = 0] = await recordAll(service, urls)
    await server.stop()
    const failedAtMillis = Date.now()
    await simulator.camera("stays").set({ kind: "refuse" })
    await simulator.camera("returns").set({ kind: "reboot", downMillis: 1000 })
    const failuresOf = (cameraId: number) =>
      kept()?.rows.gaps.filter((gap) => gap.cameraId === cameraId && gap.cause === "camera_unreachable") ?? []
    await awaitFact("both failures are kept, and the return of one", () => {
      const isOpen = failuresOf(stays).some(({ endMillis }) => endMillis === null)
      return isOpen && failuresOf(returns).some(({ endMillis }) => typeof endMillis === "number")
    })
    await service.end("SIGKILL")
    const seenAtMillis = kept()?.seenAtMillis ?? 0
    expect(Date.now() - seenAtMillis).toBeLessThan(15_000)

    service.spawn()
    await awaitFact("the next life waits", () => service.log.includes("does not answer"))
    expect(service.log).toContain(`The database at ${server.address.socketDirectory} (port 5432)`)
    expect(service.alive).toBe(true)
    await server.start()
    await service.ready()
    const startedAtMillis = Date.now()

    expect(existsSync(keptPath())).toBe(false)
    const closeTo = (instant: string | undefined, millis: number, within: number) =>
      expect(Math.abs(Date.parse(instant ?? "") - millis)).toBeLessThan(within)
    const [unreachable, down] = (await coverage(stays, failedAtMillis - 1000)).filter(
      ({ cause }) => cause !== undefined && cause !== "starting",
    )
    expect(unreachable?.cause).toBe("camera_unreachable")
    closeTo(unreachable?.from, failedAtMillis, 2000)
    closeTo(unreachable?.to, seenAtMillis, 1)
    expect(down?.cause).toBe("service_down")
    closeTo(down?.to, startedAtMillis, 5000)
    const gaps = (await coverage(returns, failedAtMillis - 1000)).filter(
      ({ cause }) => cause !== undefined && cause !== "starting",
    )
    // Its run went on without a service and was adopted: nothing else is missing.
    expect(gaps.map(({ cause }) => cause)).toEqual(["camera_unreachable"])
    closeTo(gaps[0]?.from, failedAtMillis, 2000)
    // The start of the file that ended it was still being measured when it was kept.
    expect(Date.parse(gaps[0]?.to ?? "")).toBeLessThan(seenAtMillis + 500)
  }, 120_000)
})
