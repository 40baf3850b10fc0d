import { toPromise } from "xstate"
import { describe, expect, test } from "vitest"
import type { CameraFact } from "../../machines/cameraContract.ts"
import { simulateSupervisor } from "./supervisorSimulation.ts"

const bugWhenStopped = (fact: CameraFact) =>
  fact.type === "camera.state_changed" && fact.to === "stopped" && fact.cameraId > 1 ? new Error("bug") : null

describe("cameras come and go", () => {
  test("commands reach their camera and no other", () => {
    const { actor, add, snapshotOf, recorder, runsOf } = simulateSupervisor()
    recorder.endWhenTold()
    add(1, 2)
    actor.send({ type: "camera.disabled", cameraId: 1 })
    expect(snapshotOf(1)?.value).toEqual({ stopped: "released" })
    expect(snapshotOf(2)?.value).toBe("connecting")
    actor.send({ type: "camera.enabled", cameraId: 1 })
    actor.send({ type: "camera.reconfigured", cameraId: 2 })
    expect(runsOf(1)).toHaveLength(2)
    expect(runsOf(2).map(({ input }) => input.reason)).toEqual(["enabled", "reconfigured"])
  })

  test("adding twice, and commands for an unknown camera, change nothing", () => {
    const { actor, add, recorder } = simulateSupervisor()
    add(1, 1)
    actor.send({ type: "camera.enabled", cameraId: 7 })
    actor.send({ type: "camera.removed", cameraId: 7 })
    actor.send({ type: "camera.released", cameraId: 7 })
    expect(recorder.runs).toHaveLength(1)
    expect(actor.getSnapshot()).toMatchObject({ status: "active", value: "running" })
  })

  test("a removed camera leaves when its run has ended", () => {
    const { actor, add, snapshotOf, recorder, ofType } = simulateSupervisor()
    add(1, 2)
    actor.send({ type: "camera.removed", cameraId: 1 })
    expect(snapshotOf(1)?.value).toEqual({ stopped: "releasing" })
    expect(ofType("camera.forgotten")).toEqual([])
    recorder.runs[0]?.exited()
    expect(snapshotOf(1)).toBeUndefined()
    expect(ofType("camera.forgotten")).toMatchObject([{ cameraId: 1 }])
    expect([...actor.getSnapshot().context.cameras.keys()]).toEqual([2])
  })

  test("a camera that never recorded leaves at once", () => {
    const { actor, snapshotOf, ofType } = simulateSupervisor()
    actor.send({ type: "camera.added", cameraId: 1, enabled: false })
    actor.send({ type: "camera.removed", cameraId: 1 })
    expect(snapshotOf(1)).toBeUndefined()
    expect(ofType("camera.forgotten")).toHaveLength(1)
  })

  test("1,000 cameras are added in less than a second of CPU time", () => {
    const { add, recorder, actor } = simulateSupervisor()
    const before = process.cpuUsage()
    add(...Array.from({ length: 1_000 }, (_, index) => index + 1))
    const { user, system } = process.cpuUsage(before)
    expect(recorder.runs).toHaveLength(1_000)
    expect(Object.keys(actor.getSnapshot().children)).toHaveLength(1_000)
    expect((user + system) / 1_000).toBeLessThan(1_000)
  })
})

describe("many cameras at once", () => {
  test.each([1, 2, 3])("50 that fail together are staggered (seed %i)", (seed) => {
    const { add, recorder, pass, clock } = simulateSupervisor({ seed })
    add(...Array.from({ length: 50 }, (_, index) => index + 1))
    for (const run of recorder.runs.slice(0, 50)) run.fragment()
    for (let second = 0; second < 60; second += 1) {
      pass(1_000, 500)
      for (const run of recorder.runs.slice(0, 50)) run.fragment()
    }
    const failedAtMillis = clock.now()
    for (const run of recorder.runs.slice(0, 50)) run.exited()
    pass(250)
    const first = recorder.runs.slice(50)
    expect(first).toHaveLength(50)
    expect(fullestBucket(first.map(({ startedAtMillis }) => startedAtMillis - failedAtMillis))).toBeLessThan(
      10,
    )

    for (const run of first) run.exited()
    pass(1_500)
    const second = recorder.runs.slice(100)
    expect(second).toHaveLength(50)
    expect(fullestBucket(second.map(({ startedAtMillis }) => startedAtMillis))).toBeLessThan(10)
  })
})

/** The most starts that fall into one span of 10 ms. */
function fullestBucket(startsMillis: ReadonlyArray<number>): number {
  const buckets = new Map<number, number>()
  for (const startMillis of startsMillis) {
    const bucket = Math.floor(startMillis / 10)
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
  }
  return Math.max(...buckets.values())
}

describe("shutdown", () => {
  test("asks the latest camera first, and ends when every run has ended", async () => {
    const { actor, add, recorder, ofType } = simulateSupervisor()
    const asked: Array<number> = []
    recorder.onCommand = ({ input }) => asked.push(input.cameraId)
    add(1, 2, 3)
    actor.send({ type: "camera.added", cameraId: 4, enabled: false })
    actor.send({ type: "shutdown.requested" })
    expect(asked).toEqual([3, 2, 1])
    expect(actor.getSnapshot().context.unreleased).toEqual(new Set([1, 2, 3]))
    for (const run of recorder.runs) run.exited()
    expect(actor.getSnapshot()).toMatchObject({ status: "done", value: "stopped" })
    await expect(toPromise(actor)).resolves.toEqual({ unreleased: [] })
    expect(ofType("shutdown.completed")).toMatchObject([{ unreleased: [] }])
  })

  test("names those that were not released in time", () => {
    const { actor, add, runsOf, pass, ofType } = simulateSupervisor()
    add(1, 2, 3)
    actor.send({ type: "shutdown.requested" })
    runsOf(2)[0]?.exited()
    pass(7_999)
    expect(actor.getSnapshot().value).toBe("shutting_down")
    pass(1)
    expect(actor.getSnapshot().output).toEqual({ unreleased: [1, 3] })
    expect(ofType("shutdown.completed")).toMatchObject([{ unreleased: [1, 3], atMillis: 8_000 }])
  })

  test("without cameras it ends at once", () => {
    const { actor } = simulateSupervisor()
    actor.send({ type: "shutdown.requested" })
    expect(actor.getSnapshot()).toMatchObject({ status: "done", output: { unreleased: [] } })
  })

  test("a crash before or during it is waited for no longer, but named", () => {
    const { actor, add, runsOf, ofType } = simulateSupervisor({ bug: bugWhenStopped })
    add(1, 2, 3)
    actor.send({ type: "camera.disabled", cameraId: 3 })
    actor.send({ type: "shutdown.requested" })
    expect(ofType("camera.crashed").map(({ cameraId }) => cameraId)).toEqual([3, 2])
    runsOf(1)[0]?.exited()
    expect(actor.getSnapshot()).toMatchObject({ status: "done", output: { unreleased: [2, 3] } })
  })
})
