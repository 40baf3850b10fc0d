import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Redacted from "effect/Redacted"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Receiver } from "../../src/delivery/Receiver.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { DeliveryLife, receiverAt } from "./DeliveryLife.ts"
import { answers, hangs, HttpReceiver, resets } from "./HttpReceiver.ts"
import { alertOf, endedAt, notificationOf, uuid } from "./notifications.ts"

let stateDirectory = ""
let receiver: HttpReceiver
const receivers: Array<HttpReceiver> = []
const lives: Array<DeliveryLife> = []

const listen = async (port: number | null = null): Promise<HttpReceiver> => {
  const started = await HttpReceiver.start(port)
  receivers.push(started)
  return started
}

const live = async (...to: ReadonlyArray<Receiver>): Promise<DeliveryLife> => {
  const life = new DeliveryLife(stateDirectory, to.length === 0 ? [receiverAt(receiver.address)] : to)
  lives.push(life)
  await life.begin()
  return life
}

const files = (): ReadonlyArray<string> => readdirSync(join(stateDirectory, "outbox"))

beforeEach(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "vigia-delivery-"))
  receiver = await listen()
})
afterEach(async () => {
  for (const life of lives.splice(0)) await life.end()
  for (const one of receivers.splice(0)) await one.stop()
  rmSync(stateDirectory, { recursive: true })
})

describe("a receiver that answers", () => {
  it("gets each notification in exactly one request, in order, and no file is left", async () => {
    const life = await live()
    for (let number = 1; number <= 20; number += 1) await life.send(notificationOf(number))
    await life.allDelivered()
    expect(receiver.keys).toEqual(Array.from({ length: 20 }, (_, index) => uuid(index + 1)))
    expect(JSON.parse(receiver.requests[0]?.body ?? "")).toMatchObject({
      id: uuid(1),
      alerts: [{ camera_id: 1 }],
    })
    expect(receiver.requests[0]?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "vigia",
    })
    await awaitFact("no file is left", () => files().length === 0)
    expect(await life.faults()).toEqual({ receivers: [], outbox: null })
    expect(life.lines).toEqual([])
  })

  it("gets the shape of Alertmanager, credentials in a header, and a signature whose id is the key", async () => {
    const url = receiver.address.replace("http://", "http://ops:p%40ss@")
    const life = await live(receiverAt(url, { format: "alertmanager", secret: Redacted.make("a secret") }))
    await life.send(notificationOf(1))
    await life.allDelivered()
    const { headers, body, path } = receiver.requests[0] ?? { headers: {}, body: "", path: "" }
    expect(path).toBe("/hook")
    expect(JSON.parse(body)).toMatchObject({ version: "4", receiver: "webhook", status: "firing" })
    expect(headers.authorization).toBe(`Basic ${Buffer.from("ops:p@ss").toString("base64")}`)
    expect(headers).toMatchObject({ "idempotency-key": uuid(1), "webhook-id": uuid(1) })
    expect(headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/)
  })

  it("is told of a deleted clip once; that it is over is told to Alertmanager's receivers alone", async () => {
    const alertmanager = await listen()
    const life = await live(
      receiverAt(receiver.address),
      receiverAt(alertmanager.address, { name: "incidents", format: "alertmanager" }),
    )
    const raised = { kind: "clip_deleted", severity: "warning" } as const
    await life.send(notificationOf(1, [alertOf(3, raised)]))
    await life.send(notificationOf(2, [alertOf(3, { ...raised, endedAtMillis: endedAt })]))
    const mixed = [alertOf(3, { ...raised, endedAtMillis: endedAt }), alertOf(4, raised)]
    await life.send(notificationOf(3, mixed))
    await life.allDelivered()
    expect(receiver.keys).toEqual([uuid(1), uuid(3)])
    expect(JSON.parse(receiver.requests[1]?.body ?? "")).toMatchObject({ alerts: [{ camera_id: 4 }] })
    expect(alertmanager.keys).toEqual([uuid(1), uuid(2), uuid(3)])
  })

  it("that never ends its answer is not waited for, and keeps no socket", async () => {
    receiver.reaction = (response) => {
      response.writeHead(200).write("wait ")
    }
    const life = await live()
    await life.send(notificationOf(1))
    await life.send(notificationOf(2))
    await life.allDelivered()
    expect(receiver.keys).toEqual([uuid(1), uuid(2)])
    await awaitFact("no socket is left", () => receiver.openSockets === 0)
  })
})

describe("a receiver that fails", () => {
  it("gets the same key again until it takes it, before what came later", async () => {
    receiver.script.push(answers(500), resets, answers(503, { "retry-after": "1" }))
    const life = await live()
    await life.send(notificationOf(1))
    await life.send(notificationOf(2))
    expect(files().toSorted()).toEqual([`${uuid(1)}.json`, `${uuid(2)}.json`])
    await awaitFact("the failure is told", async () => (await life.faults()).receivers.length === 1)
    await life.allDelivered()
    expect(receiver.keys).toEqual([uuid(1), uuid(1), uuid(1), uuid(1), uuid(2)])
    await awaitFact("no file is left", () => files().length === 0)
    expect(await life.faults()).toEqual({ receivers: [], outbox: null })
    expect(life.lines).toEqual([
      "receiver webhook takes no notifications: it answers 500; it is tried again",
      expect.stringMatching(/^receiver webhook answers again after \d+ s$/),
    ])
  })

  it("by redirecting to another host sends nothing there", async () => {
    const other = await listen()
    receiver.script.push(answers(307, { location: other.address }), answers(301, { location: other.address }))
    const life = await live()
    await life.send(notificationOf(1))
    await life.allDelivered()
    expect(receiver.keys).toEqual([uuid(1), uuid(1), uuid(1)])
    expect(other.requests).toEqual([])
    expect(life.lines[0]).toContain("it answers 307: redirects are not followed")
  })

  it("by hanging costs one socket at a time and is told", async () => {
    receiver.script.push(hangs)
    const life = await live()
    for (let number = 1; number <= 5; number += 1) await life.send(notificationOf(number))
    await awaitFact("it has the request", () => receiver.requests.length === 1)
    expect(receiver.openSockets).toBe(1)
    expect(await life.pending()).toBe(5)
    await life.allDelivered()
    expect(receiver.keys).toEqual([1, 1, 2, 3, 4, 5].map(uuid))
    expect(life.lines[0]).toContain("it does not answer within 10 s")
  }, 90_000)

  it("by refusing one notification gets the others meanwhile", async () => {
    receiver.script.push(answers(422))
    const life = await live()
    await life.send(notificationOf(1))
    await life.send(notificationOf(2))
    await life.allDelivered()
    expect(receiver.keys).toEqual([uuid(1), uuid(2), uuid(1)])
    expect(life.lines).toEqual([
      `receiver webhook refuses notification ${uuid(1)} (recording_stopped): it answers 422`,
    ])
  })

  it("is named in no line and no fault by its address", async () => {
    await receiver.stop()
    const life = await live(
      receiverAt(`http://ops:p4ssword@127.0.0.1:${receiver.port}/services/t0ken?key=t0ken`, {
        secret: Redacted.make("s1gning"),
      }),
    )
    await life.send(notificationOf(1))
    await awaitFact("the failure is told", async () => (await life.faults()).receivers.length === 1)
    const told = JSON.stringify([life.lines, await life.faults()])
    expect(told).toContain("it cannot be reached (ECONNREFUSED)")
    expect(told).not.toMatch(/p4ssword|t0ken|s1gning|127\.0\.0\.1/)
  })
})

describe("a setting that names a port to which no request may go", () => {
  it("is said as such", async () => {
    const life = await live(receiverAt("http://ops:p4ssword@127.0.0.1:6667/t0ken"))
    await life.send(notificationOf(1))
    await awaitFact("the failure is told", () => life.lines.length > 0)
    expect(life.lines).toEqual([
      "receiver webhook takes no notifications: it cannot be reached (no request may go to this port: the setting must name another); it is tried again",
    ])
  })
})

describe("two lives on one directory", () => {
  it("deliver what the first left, in order, with the same keys", async () => {
    receiver.reaction = hangs
    const first = await live()
    for (let number = 3; number >= 1; number -= 1) await first.send(notificationOf(number))
    await awaitFact("a try is under way", () => receiver.requests.length === 1)
    await first.end()
    expect(files()).toHaveLength(3)

    receiver.reaction = answers(200)
    const second = await live()
    await second.send(notificationOf(4))
    await second.allDelivered()
    expect(receiver.keys).toEqual([3, 3, 2, 1, 4].map(uuid))
    await awaitFact("no file is left", () => files().length === 0)
  })

  it("do not tell one receiver again for the sake of another", async () => {
    const other = await listen()
    other.reaction = answers(500)
    const to = [receiverAt(receiver.address), receiverAt(other.address, { name: "other" })]
    const first = await live(...to)
    await first.send(notificationOf(1))
    await awaitFact("one has it", () => receiver.requests.length === 1)
    await awaitFact("the other failed", async () => (await first.faults()).receivers[0]?.receiver === "other")
    await first.end()

    other.reaction = answers(200)
    const second = await live(...to)
    await second.allDelivered()
    expect(receiver.keys).toEqual([uuid(1)])
    expect(other.keys.at(-1)).toBe(uuid(1))
    await awaitFact("no file is left", () => files().length === 0)
  })
})

// Only root may mount the small file system that is to be full.
describe.runIf(process.getuid?.() === 0)("a full state disk", () => {
  const home = (): string => join(stateDirectory, "outbox")
  beforeEach(() => {
    mkdirSync(home())
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", home()])
  })
  afterEach(() => execFileSync("umount", [home()]))

  it("delays nothing; what waits is written when there is room", async () => {
    expect(() => writeFileSync(join(home(), "filler.unusable"), Buffer.alloc(200_000))).toThrow("ENOSPC")
    receiver.reaction = answers(500)
    const life = await live()
    await life.send(notificationOf(1))
    await life.send(notificationOf(2))
    expect((await life.faults()).outbox?.error).toContain("ENOSPC")
    await awaitFact("it is tried all the same", () => receiver.requests.length > 0)
    rmSync(join(home(), "filler.unusable"))
    const both = [1, 2].map((number) => `${uuid(number)}.json`).join()
    // Unfinished files come and go meanwhile.
    await awaitFact("it is on disk", () => files().toSorted().join() === both)
    receiver.reaction = answers(200)
    await life.allDelivered()
    await awaitFact("no file is left", () => files().length === 0)
    expect(life.lines.filter((line) => line.includes("ENOSPC"))).toHaveLength(1)
    expect(life.lines).toContain("the outbox is on disk again")
  })
})

describe("without a receiver", () => {
  it("nothing is kept", async () => {
    const life = new DeliveryLife(stateDirectory, [])
    lives.push(life)
    await life.send(notificationOf(1))
    expect(await life.pending()).toBe(0)
    expect(existsSync(join(stateDirectory, "outbox"))).toBe(false)
  })
})
