import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { StatusAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { frameAccount } from "../verify/frameAccount.ts"
import { EventClient } from "./EventClient.ts"

const program = resolve("test/events/floodedService.ts")
const cameraIds = [1, 2]
let simulator: SimulatorProcess
let service: VigiaService

const Figures = Schema.fromJsonString(
  Schema.Struct({
    published: Schema.Int,
    residentBytes: Schema.Int,
    delayMillis: Schema.Struct({ p99: Schema.Finite, greatest: Schema.Finite }),
  }),
)

/** What the service said of itself, each second of its present life. */
const figures = () =>
  service.log
    .split("\n")
    .filter((line) => line.startsWith("figures "))
    .map((line) => Schema.decodeSync(Figures)(line.slice("figures ".length)))

/** What the service keeps, when it has thrown its garbage away. */
const keptBytes = (): Promise<number> => {
  const told = () => [...service.log.matchAll(/^kept (\d+) bytes$/gm)]
  const before = told().length
  service.kill("SIGUSR2")
  return awaitFact("the service says what it keeps", () => {
    const [, bytes] = told()[before] ?? []
    return bytes === undefined ? null : Number(bytes)
  })
}

const publishedUntilNow = (): number => figures().at(-1)?.published ?? 0

const Flooded = Schema.Struct({ at: Schema.String, clip_id: Schema.String, name: Schema.String })

const allRecord = () =>
  awaitFact("all cameras record", async () => {
    const answers = await Promise.all(
      cameraIds.map((id) => service.request("GET", `/api/recording/status/${id}`)),
    )
    return answers.every(({ body }) => Schema.decodeUnknownSync(StatusAnswer)(body).is_recording)
  })

beforeAll(async () => {
  simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: cameraIds.map((id) => ({ path: `e${id}` })),
  })
  // As `npm start` runs it.
  service = await VigiaService.make({ environment: { NODE_OPTIONS: "--max-semi-space-size=4" } })
  await service.start({ program })
  await service.request("POST", "/api/owners", { name: "Events", plan: "basic" })
  for (const id of cameraIds) {
    const camera = { owner_id: 1, name: `e${id}`, url: simulator.camera(`e${id}`).url }
    await service.request("POST", "/api/cameras", camera)
  }
  await allRecord()
})

afterAll(async () => {
  await service?.remove()
  await simulator?.stop()
})

describe("100 clients that take little or nothing", () => {
  it("cost no frame, little memory, and no healthy client anything", { timeout: 240_000 }, async () => {
    const healthy = ["", "", ""].map(() =>
      new EventClient(service.address, "/api/events?types=clip.ready").listen(),
    )
    await awaitFact("the flood is heard", () => healthy.every(({ parser }) => parser.events.length > 1000))
    const before = figures()
    const keptAlone = await keptBytes()
    const alone = Math.max(...before.map(({ residentBytes }) => residentBytes))
    const dead = Array.from({ length: 50 }, () => new EventClient(service.address, "/api/events"))
    const slow = Array.from({ length: 50 }, () =>
      new EventClient(service.address, "/api/events").trickle(200, 1000),
    )
    const from = publishedUntilNow()
    await awaitFact("25,000 more are published", () => publishedUntilNow() > from + 25_000, 180_000)

    const kept = (await keptBytes()) - keptAlone
    const loaded = figures().slice(before.length + 1)
    const resident = Math.max(...loaded.map(({ residentBytes }) => residentBytes))
    const p99 = loaded.map(({ delayMillis }) => delayMillis.p99).toSorted((a, b) => a - b)
    const greatest = Math.max(...loaded.map(({ delayMillis }) => delayMillis.greatest))
    const heard = healthy.map(({ parser }) =>
      parser.events.map(({ data, atMillis }) => {
        const { at, clip_id, name } = Schema.decodeUnknownSync(Flooded)(data)
        return { number: Number(clip_id), name, lateMillis: atMillis - Date.parse(at) }
      }),
    )
    const late = heard.flat().map(({ lateMillis }) => lateMillis)
    const latest = Math.max(...late)
    process.stdout.write(
      `100 slow or dead clients: ${(alone / 1e6).toFixed(0)} MB resident without, ${(resident / 1e6).toFixed(0)} MB with, ` +
        `of which ${(kept / 1e6).toFixed(1)} MB are kept, also for the buffer of events; ` +
        `event loop delay p99 ${p99[p99.length >> 1]?.toFixed(1)} ms, at most ${greatest.toFixed(0)} ms; ` +
        `healthy clients hear ${heard.map((one) => one.length).join(", ")} events, at most ${latest} ms late\n`,
    )
    for (const one of heard) {
      const first = one[0]?.number ?? 0
      expect(one.map(({ number }) => number)).toEqual(one.map((_, at) => first + at))
      expect(one[0]?.name).toMatch(/^rtsp:\/\/\*\*\*@10\.0\.0\.1\/stream\?\*\*\* long/)
    }
    // Of the buffer, which holds 10 s of this flood.
    expect(latest).toBeLessThan(8000)
    // Kept for each client it would be 1.3 GB. The buffer of events filled meanwhile, and a client costs some 70 kB; the
    // rest is garbage of the seconds in which the kernel takes all.
    expect(kept).toBeLessThan(40e6)
    expect(resident - alone).toBeLessThan(200e6)
    expect(dead.filter(({ isClosed }) => isClosed)).toEqual([])

    // What a client did not take is gone, and it is told.
    const [woken] = dead
    woken?.listen()
    const missed = await awaitFact("a client that slept is told what it missed", () =>
      woken?.parser.events.find(({ type }) => type === "missed"),
    )
    const { missed: count } = Schema.decodeUnknownSync(Schema.Struct({ missed: Schema.Int }))(missed.data)
    expect(count).toBeGreaterThan(0)

    await allRecord()
    expect(await service.end()).toBe(0)
    for (const id of cameraIds) {
      const account = frameAccount(join(service.recordingDirectory, `cam_${id}`))
      process.stdout.write(`camera ${id}: ${account.frames} frames, ${account.lost} lost\n`)
      expect(account.frames).toBeGreaterThan(300)
      expect(account).toMatchObject({ lost: 0, double: 0, disordered: 0 })
    }
    for (const client of [...healthy, ...dead, ...slow]) client.close()
  })
})
