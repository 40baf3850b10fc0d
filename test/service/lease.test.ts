import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { guardsOf } from "../support/guards.ts"
import { LeftScene } from "./LeftScene.ts"

const names = ["first", "second"]
const leaseSeconds = 2
let scene: LeftScene

beforeAll(async () => {
  scene = await LeftScene.open(names, [], { RECORDING_ADOPTION_LEASE: String(leaseSeconds) })
})

afterAll(() => scene?.close())

describe("the runs of a service that is killed and does not come back (invariant 7)", () => {
  it("end by themselves after the lease, and every frame of theirs is settled at the next start", async () => {
    const runs = names.map((name) => scene.run(name))
    const fromMillis = performance.now()
    await scene.service.end("SIGKILL")
    await awaitFact("no run is left", () => scene.service.runs().length === 0)
    const seconds = (performance.now() - fromMillis) / 1000
    process.stdout.write(
      `lease of ${leaseSeconds} s: all runs had ended ${seconds.toFixed(1)} s after the kill\n`,
    )
    expect(seconds).toBeGreaterThan(leaseSeconds)
    await awaitFact("no guard is left", () => guardsOf(scene.service.recordingDirectory).length === 0)
    const log = readFileSync(join(scene.service.stateDirectory, "guard.log"), "utf8")
    for (const { cameraId, pid } of runs) expect(log).toContain(`camera ${cameraId}, pid ${pid}: ended`)
    expect(log).not.toContain("rtsp")

    const lastSentAtMillis = names.map((name) => scene.stamps(name).at(-1)?.sentAtMillis ?? 0)
    await scene.service.start()
    await scene.records(...names)
    for (const [at, name] of names.entries()) {
      expect(await scene.settled(name, true)).toBe(1)
      expect(scene.lostFrames(name)).toBe(0)
      const { spans } = await scene.coverage(name)
      const gap = spans.findIndex(({ cause }) => cause === "service_down")
      expect([spans[gap - 1]?.kind, spans.at(-1)?.kind]).toEqual(["recorded", "recorded"])
      expect(Math.abs(Date.parse(spans[gap]?.from ?? "") - (lastSentAtMillis[at] ?? 0))).toBeLessThan(500)
    }
  })
})
