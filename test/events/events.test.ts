import { resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { EventClient, type HeardEvent } from "./EventClient.ts"

const password = "ev3nt-s3cret"
let simulator: SimulatorProcess
let service: VigiaService

const Told = Schema.Struct({
  camera_id: Schema.Int,
  from: Schema.optionalKey(Schema.String),
  to: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.NullOr(Schema.String)),
  file_path: Schema.optionalKey(Schema.String),
})

/** An event in a word: states and causes, without times. */
const inShort = ({ type, data }: HeardEvent): string => {
  const { from, to, cause } = Schema.decodeUnknownSync(Told)(data)
  if (type === "camera.state_changed") return `${from} -> ${to}`
  return type.startsWith("gap.") ? `${type} ${cause}` : type
}

const heard = (client: EventClient): ReadonlyArray<string> => client.parser.events.map(inShort)

const untilHeard = (client: EventClient, what: string) =>
  awaitFact(`a client hears ${what}`, () => heard(client).includes(what))

const filesTold = (client: EventClient, type: string): ReadonlyArray<string> =>
  client.parser.events
    .filter((event) => event.type === type)
    .map(({ data }) => Schema.decodeUnknownSync(Told)(data).file_path ?? "")

const untilEnded = (client: EventClient) => awaitFact("the connection ends", () => client.isClosed)

beforeAll(async () => {
  simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: [{ path: "events" }],
  })
  service = await VigiaService.start()
  await service.request("POST", "/api/owners", { name: "Events", plan: "basic" })
})

afterAll(async () => {
  await service?.remove()
  await simulator?.stop()
})

describe("GET /api/events", () => {
  it("tells the story of a camera, and of its files over a restart, each thing once", async () => {
    const client = new EventClient(service.address, "/api/events?camera_id=1").listen()
    await awaitFact("it listens", () => client.parser.retryMillis)
    expect(client.head).toMatch(/content-type: text\/event-stream/i)
    const url = simulator.camera("events").url.replace("rtsp://", `rtsp://viewer:${password}@`)
    await service.request("POST", "/api/cameras", { owner_id: 1, name: "events", url })
    await untilHeard(client, "connecting -> recording")
    expect(heard(client)).toEqual([
      "gap.began starting",
      "idle -> connecting",
      "segment.opened",
      "gap.ended starting",
      "connecting -> recording",
    ])

    // FFmpeg goes on, and so does its file: neither opened again nor a gap.
    await awaitFact("the file has its row", async () => {
      const rows = await service.rows("SELECT file_path FROM recordings")
      return rows.length > 0
    })
    await service.end("SIGKILL")
    await untilEnded(client)
    await service.start()
    const { lastEventId } = client.parser
    const next = new EventClient(service.address, "/api/events", { "last-event-id": lastEventId }).listen()
    await awaitFact("it is told that it missed, nobody knows what", () =>
      next.parser.events.some(({ type }) => type === "missed"),
    )
    expect(next.parser.events[0]).toMatchObject({ type: "missed", data: { missed: null } })
    next.parser.events.shift()
    await untilHeard(next, "connecting -> recording")
    expect(heard(next).filter((one) => one !== "idle -> connecting")).toEqual(["connecting -> recording"])

    await service.request("POST", "/api/recording/stop", { camera_id: 1 })
    await untilHeard(next, "segment.closed")
    expect(filesTold(next, "segment.closed")).toEqual(filesTold(client, "segment.opened"))

    // A password in the log of FFmpeg, in no event.
    await service.request("PATCH", "/api/cameras/1", { url: `rtsp://viewer:${password}@127.0.0.1:9/gone` })
    await service.request("POST", "/api/recording/start", { camera_id: 1 })
    await untilHeard(next, "connecting -> backoff")
    expect(JSON.stringify([...client.parser.events, ...next.parser.events])).not.toContain(password)
    next.close()
  })

  it("resumes by the header or the query, and tells those alone that were asked for", async () => {
    const all = new EventClient(service.address, "/api/events").listen()
    await awaitFact("it has an id", () => all.parser.lastEventId)
    const since = all.parser.lastEventId
    await service.request("POST", "/api/recording/stop", { camera_id: 1 })
    await awaitFact("it is stopped", () => heard(all).some((one) => one.endsWith("-> stopped")))
    const resumed = [
      new EventClient(service.address, "/api/events", { "Last-Event-ID": since }),
      new EventClient(service.address, `/api/events?last_event_id=${since}`),
    ].map((client) => client.listen())
    const gaps = new EventClient(
      service.address,
      `/api/events?types=gap.ended&last_event_id=${since}`,
    ).listen()
    const others = new EventClient(service.address, `/api/events?camera_id=2&last_event_id=${since}`).listen()
    for (const client of resumed) {
      await awaitFact(
        "what was heard is heard again",
        () => client.parser.events.length >= all.parser.events.length,
      )
      expect(heard(client)).toEqual(heard(all))
    }
    await untilHeard(gaps, "gap.ended camera_unreachable")
    expect(gaps.parser.events.every(({ type }) => type === "gap.ended")).toBe(true)
    await awaitFact("it listens", () => others.parser.retryMillis)
    expect(others.parser.events).toEqual([])
    for (const client of [all, ...resumed, gaps, others]) client.close()
  })

  it("refuses what it does not know, and says what there is", async () => {
    for (const [search, field] of [
      ["types=segment.opened,nonsense", "types"],
      ["types=", "types"],
      ["camera_id=0", "camera_id"],
      ["camera=1", "camera"],
    ]) {
      const { status, body } = await service.request("GET", `/api/events?${search}`)
      expect(status).toBe(400)
      expect(body).toMatchObject({ errors: [{ field }] })
    }
    const { body } = await service.request("GET", "/api/events?types=nonsense")
    expect(JSON.stringify(body)).toContain("recordings.evicted")
    const head = await fetch(`${service.address}/api/events`, { method: "HEAD" })
    expect(head.headers.get("content-type")).toContain("text/event-stream")
  })

  it("takes 200 clients and no more, until one goes; none holds up the end of the service", async () => {
    const clients = Array.from({ length: 200 }, () =>
      new EventClient(service.address, "/api/events").listen(),
    )
    await awaitFact("all listen", () => clients.every(({ parser }) => parser.retryMillis !== null))
    const refused = await fetch(`${service.address}/api/events`)
    expect(refused.status).toBe(503)
    expect(refused.headers.get("retry-after")).toBe("10")
    expect(await refused.json()).toMatchObject({ type: "urn:vigia:problem:too-many-clients" })
    clients[0]?.close()
    await awaitFact("there is room again", async () => {
      const client = new EventClient(service.address, "/api/events").listen()
      await awaitFact("it is answered", () => client.head)
      clients.push(client)
      return client.head.includes(" 200 ")
    })
    expect(await service.end()).toBe(0)
    for (const client of clients) await untilEnded(client)
  })
})
