import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { eventTexts } from "../../src/api/eventTexts.ts"
import { healthSamples } from "../../src/api/healthSamples.ts"
import type { HealthReport } from "../../src/domain/Health.ts"
import { fakeCamera, fakeReport } from "../metrics/fakeReport.ts"
import { changed, EventScene } from "./EventScene.ts"

/** Health that is sampled when the test says so. */
class FakeMonitor {
  #report = fakeReport([fakeCamera(1), fakeCamera(2)])
  #next = Deferred.makeUnsafe<void>()
  readonly current = Effect.sync(() => this.#report)

  readonly newerThan = (known: HealthReport): Effect.Effect<void> =>
    Effect.suspend(() => (known === this.#report ? Deferred.await(this.#next) : Effect.void))

  sample(framesPerSecond: number): void {
    const cameras = [1, 2].map((id) => fakeCamera(id, { framesPerSecond, detail: "rtsp://u:s3cret@cam/x" }))
    this.#report = fakeReport(cameras)
    Deferred.doneUnsafe(this.#next, Effect.void)
    this.#next = Deferred.makeUnsafe<void>()
  }
}

let scene: EventScene
let monitor: FakeMonitor

beforeEach(async () => {
  scene = await EventScene.open()
  monitor = new FakeMonitor()
})
afterEach(() => scene.dispose())

const clientOf = (isWanted: (cameraId: number) => boolean = () => true) =>
  scene.client(
    null,
    undefined,
    eventTexts({
      journal: scene.journal,
      afterId: null,
      isWanted: () => true,
      samples: healthSamples(monitor, isWanted),
    }),
  )

const figuresOf = (client: ReturnType<typeof clientOf>) =>
  client.parser.events.map(({ type, data }) => [type, data])

describe("samples of health in the stream", () => {
  it("come at once and with each sample, one event for each camera, in the words of /api/health", async () => {
    const client = clientOf()
    await client.take()
    await client.take()
    const waiting = scene.take(client)
    await scene.settle()
    monitor.sample(24)
    await waiting
    expect(figuresOf(client)).toMatchObject([
      ["health.sampled", { type: "health.sampled", camera_id: 1, frames_per_second: 25 }],
      ["health.sampled", { camera_id: 2, failures: { total: 3 }, windows: { "1h": {} } }],
      ["health.sampled", { camera_id: 1, frames_per_second: 24 }],
      ["health.sampled", { camera_id: 2, frames_per_second: 24 }],
    ])
    expect(JSON.stringify(client.parser.events)).not.toContain("s3cret")
  })

  it("are told of the wanted camera alone, and beside the events", async () => {
    const client = clientOf((cameraId) => cameraId === 2)
    await client.take()
    scene.journal.publish(changed(7))
    await client.take()
    expect(figuresOf(client)).toMatchObject([
      ["camera.state_changed", { camera_id: 7 }],
      ["health.sampled", { camera_id: 2 }],
    ])
  })

  it("move no client in the ring of events, and none waits for who takes nothing", async () => {
    const client = clientOf((cameraId) => cameraId === 1)
    await client.take()
    const { lastEventId } = client.parser
    for (let frames = 1; frames <= 1000; frames += 1) monitor.sample(frames)
    await client.take()
    expect(figuresOf(client)).toMatchObject([["health.sampled", { frames_per_second: 1000 }]])
    expect(client.parser.lastEventId).toBe(lastEventId)
    expect(scene.journal.lastId()).toBe(lastEventId)
    // A heartbeat comes all the same.
    const beat = client.take()
    await scene.settle()
    await scene.pass(15_000)
    await beat
    expect(client.parser.heartbeats).toBe(1)
  })
})
