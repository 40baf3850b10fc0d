import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { changed, EventScene } from "./EventScene.ts"
import { ResumingClient } from "./ResumingClient.ts"

let scene: EventScene

beforeEach(async () => {
  scene = await EventScene.open()
})

afterEach(() => scene.dispose())

describe("a stream of events", () => {
  it("begins with how long to wait before connecting again, and with an id to resume from", async () => {
    const client = scene.client(null)
    await client.take()
    expect(client.parser).toMatchObject({
      retryMillis: 3000,
      lastEventId: scene.journal.lastId(),
      events: [],
    })
    scene.journal.publish(changed(1, "rtsp://u:s3cret@10.0.0.1/live?token=t0ken"))
    await client.take()
    expect(client.parser.events).toMatchObject([
      {
        id: scene.journal.lastId(),
        type: "camera.state_changed",
        data: {
          type: "camera.state_changed",
          at: "1970-01-01T00:00:00.000Z",
          camera_id: 1,
          from: "recording",
          to: "backoff",
          cause: "stalled",
          detail: "rtsp://***@10.0.0.1/live?***",
          lasted_seconds: 61.5,
        },
      },
    ])
  })

  it("beats every 15 s, also while others are told much", async () => {
    const client = scene.client(null, () => false)
    await client.take()
    for (let beat = 1; beat <= 3; beat += 1) {
      const taken = client.take()
      for (let at = 0; at < 14; at += 1) {
        await scene.settle()
        await scene.pass(1000)
        scene.journal.publish(changed(1))
      }
      await scene.settle()
      expect(client.parser.heartbeats).toBe(beat - 1)
      await scene.pass(1000)
      await taken
      expect(client.parser.heartbeats).toBe(beat)
    }
    // What was not wanted counts as heard: it is not missed after a reconnection.
    expect(client.parser.lastEventId).toBe(scene.journal.lastId())
    expect(client.parser.events).toEqual([])
  })

  it("holds one text for a client that takes nothing, and hangs up after 60 s", async () => {
    let texts = 0
    const client = scene.client(
      null,
      undefined,
      Effect.sync(() => `: ${(texts += 1)}\n\n`),
    )
    await client.take()
    await scene.settle()
    for (let at = 0; at < 1000; at += 1) scene.journal.publish(changed(at))
    await scene.settle()
    expect(texts).toBe(1)
    await scene.pass(59_999)
    await scene.settle()
    expect(client).toMatchObject({ hangUps: 0, ends: 0 })
    await scene.pass(1)
    await scene.settle()
    expect(client).toMatchObject({ hangUps: 1, ends: 1 })
  })

  it("beats, and loses its patience, in time when the clock is set back", async () => {
    const client = scene.client(null)
    await client.take()
    scene.setClock(-3_600_000)
    const taken = client.take()
    await scene.settle()
    await scene.pass(15_000)
    await taken
    expect(client.parser.heartbeats).toBe(1)
    await scene.settle()
    scene.setClock(-3_600_000)
    await scene.pass(59_999)
    await scene.settle()
    expect(client).toMatchObject({ hangUps: 0, ends: 0 })
    await scene.pass(1)
    await scene.settle()
    expect(client).toMatchObject({ hangUps: 1, ends: 1 })
  })

  it("is not impatient when the clock is set ahead", async () => {
    const client = scene.client(null)
    await client.take()
    await scene.pass(50_000)
    await client.take()
    scene.setClock(3_600_000)
    await scene.pass(59_999)
    await scene.settle()
    expect(client).toMatchObject({ hangUps: 0, ends: 0 })
  })

  it("is patient again with each text that is taken", async () => {
    const client = scene.client(null)
    await client.take()
    for (let at = 0; at < 5; at += 1) {
      await scene.pass(50_000)
      await client.take()
    }
    expect(client).toMatchObject({ hangUps: 0, ends: 0 })
    expect(client.parser.heartbeats).toBe(5)
  })

  it("tells a client that falls out of the buffer how many it missed, and goes on", async () => {
    const client = scene.client(null)
    await client.take()
    for (let at = 1; at <= 10_003; at += 1) scene.journal.publish(changed(at))
    await client.take()
    expect(client.parser.events[0]).toMatchObject({ type: "missed", data: { missed: 3 } })
    expect(client.parser.events[1]).toMatchObject({ data: { camera_id: 4 } })
    while (client.parser.events.length < 10_001) await scene.take(client)
    expect(client.parser.events.at(-1)).toMatchObject({ data: { camera_id: 10_003 } })
  })

  it("ends at once when the service is about to end, also for who takes nothing", async () => {
    const [waiting, slow, late] = [scene.client(null), scene.client(null), scene.client(null)]
    await waiting.take()
    await slow.take()
    const last = waiting.take()
    await scene.settle()
    scene.closing.abort()
    expect(await last).toBe(false)
    expect(await late.take()).toBe(false)
    expect(waiting).toMatchObject({ hangUps: 0, ends: 1 })
    expect(slow).toMatchObject({ hangUps: 1, ends: 1 })
    expect(await scene.client(null).take()).toBe(false)
  })

  it("ends once when the client goes, whatever it was doing", async () => {
    const [waiting, slow] = [scene.client(null), scene.client(null)]
    await waiting.take()
    const asked = waiting.take()
    await slow.take()
    await waiting.disconnect()
    await slow.disconnect()
    expect(await asked).toBe(false)
    await scene.pass(120_000)
    await scene.settle()
    expect(waiting).toMatchObject({ hangUps: 0, ends: 1 })
    expect(slow).toMatchObject({ hangUps: 0, ends: 1 })
  })

  it("loses and repeats nothing to who disconnects at random, and tells what the buffer or a restart lost", async () => {
    type Step = (client: ResumingClient) => Promise<unknown>
    const publish = (events: number): Step => {
      return (client) => Promise.resolve(client.publish(events))
    }
    const steps = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 300 }).map(publish),
        fc.constant(publish(10_050)),
        fc.constant<Step>((client) => client.take()),
        fc.constant<Step>((client) => client.reconnect()),
        fc.constant<Step>((client) => client.restart()),
      ),
      { maxLength: 40, size: "max" },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (played) => {
        const client = await ResumingClient.open()
        for (const step of played) await step(client)
        while (await client.take());
        expect(client.faults).toEqual([])
        await client.close()
      }),
      { seed: 5, numRuns: 20 },
    )
  })
})
