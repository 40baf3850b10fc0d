import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { LivingRun } from "../../src/recorder/livingRuns.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { LeftScene } from "./LeftScene.ts"

/** Longer than four cameras that start at once need for a first fragment beside other tests. */
const connectTimeoutSeconds = 12
const cameras = [
  { path: "pausing" },
  { path: "beginning" },
  { path: "hanging" },
  { path: "mute", audio: "pcma", faults: [{ kind: "audioSilent" }] },
] as const
const names = cameras.map(({ path }) => path)

let scene: LeftScene
const before = new Map<string, LivingRun>()
let startedAtMillis: number
let readyAtMillis: number

const pause = (millis: number): Promise<void> => new Promise((passed) => setTimeout(passed, millis))

beforeAll(async () => {
  scene = await LeftScene.open(cameras, [], { RECORDING_CONNECT_TIMEOUT: String(connectTimeoutSeconds) })
  await scene.camera("hanging").set({ kind: "brokenSdp" })
  await scene.renew("hanging")
  await scene.renew("beginning")
  for (const name of names) before.set(name, scene.run(name))
  await scene.service.end("SIGKILL")

  await scene.camera("pausing").set({ kind: "stall" })
  await pause(2500)
  await scene.camera("pausing").clear()
  await pause(1500)
  startedAtMillis = performance.now()
  await scene.service.start()
  readyAtMillis = performance.now()
}, 90_000)

afterAll(() => scene?.close())

describe("a run that is adopted", () => {
  it.each(names)("goes on, whatever state it is in: %s", (name) => {
    expect(scene.run(name)).toEqual(before.get(name))
  })

  it("is waited for as long as any other, where it has no fragment yet", async () => {
    expect((await scene.status("hanging")).state).toBe("connecting")
    await awaitFact("its time is over", async () => (await scene.status("hanging")).state === "backoff")
    const endedAtMillis = performance.now()
    expect((await scene.status("hanging")).cause).toBe("connect_timeout")
    // It was adopted at some instant between the start of the service and its readiness.
    expect((endedAtMillis - startedAtMillis) / 1000).toBeGreaterThan(connectTimeoutSeconds)
    expect((endedAtMillis - readyAtMillis) / 1000).toBeLessThan(connectTimeoutSeconds + 3)
    await awaitFact("it has ended", () =>
      scene.runs("hanging").every(({ pid }) => pid !== before.get("hanging")?.pid),
    )
  })

  it("records when it began just before the kill", async () => {
    await scene.records("beginning")
    expect(scene.run("beginning")).toEqual(before.get("beginning"))
  })

  it("is known to lack the sound of its camera, if it does", async () => {
    expect((await scene.status("mute")).alerts.map(({ kind }) => kind)).toEqual(["audio_missing"])
  })

  it("shows what the camera did not send while there was no service", async () => {
    const hole = await awaitFact("the account knows of the pause", async () => {
      const { spans } = await scene.coverage("pausing")
      return spans.find(({ cause }) => cause === "no_frames")
    })
    // When the camera stopped and went on, its frames say: it may hear of either late.
    const sent = scene.stamps("pausing").map(({ sentAtMillis }) => sentAtMillis)
    const resumed = sent.findIndex((at, index) => at - (sent[index - 1] ?? at) > 2000)
    expect(resumed).toBeGreaterThan(0)
    expect(Math.abs(Date.parse(hole.from) - (sent[resumed - 1] ?? 0))).toBeLessThan(500)
    expect(Math.abs(Date.parse(hole.to) - (sent[resumed] ?? 0))).toBeLessThan(500)
    const { spans } = await scene.coverage("pausing")
    expect(spans.filter(({ kind }) => kind === "gap").map(({ cause }) => cause)).toEqual([
      "starting",
      "no_frames",
    ])
  })
})
