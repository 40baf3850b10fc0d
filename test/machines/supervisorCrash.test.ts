import { describe, expect, test } from "vitest"
import type { CameraFact } from "../../machines/cameraContract.ts"
import { simulateSupervisor } from "./supervisorSimulation.ts"

/** Fails for camera 2 the first times that it records. */
function bugOnce(times = 1) {
  let left = times
  return (fact: CameraFact) => {
    const hits = fact.type === "camera.state_changed" && fact.to === "recording" && fact.cameraId === 2
    if (!hits || left === 0) return null
    left -= 1
    return new Error("bug in camera 2")
  }
}

const bugAlways = ({ cameraId }: CameraFact) => (cameraId === 2 ? new Error("bug in camera 2") : null)

describe("a camera actor that crashes by a bug", () => {
  test("is replaced alone, its siblings notice nothing", () => {
    const { add, snapshotOf, recorder, runsOf, pass, ofType, actor } = simulateSupervisor({ bug: bugOnce() })
    add(1, 2, 3)
    for (const run of [...runsOf(1), ...runsOf(3)]) run.fragment()
    const siblings = [snapshotOf(1), snapshotOf(3)]
    runsOf(2)[0]?.fragment()
    expect(ofType("camera.crashed")).toMatchObject([
      { cameraId: 2, error: new Error("bug in camera 2"), escalated: false },
    ])
    expect(snapshotOf(2)).toBeUndefined()
    pass(1_250)
    expect(ofType("camera.respawned")).toMatchObject([{ cameraId: 2 }])
    expect(snapshotOf(2)).toMatchObject({ status: "active", value: "connecting", context: { attempt: 1 } })
    runsOf(2)[1]?.fragment()
    expect(snapshotOf(2)?.value).toMatchObject({ recording: {} })
    expect(snapshotOf(1)).toBe(siblings[0])
    expect(snapshotOf(3)).toBe(siblings[1])
    expect(actor.getSnapshot().status).toBe("active")
    expect(recorder.runs).toHaveLength(4)
  })

  test("its run is left to be adopted, not ended", () => {
    const { add, runsOf } = simulateSupervisor({ bug: bugOnce() })
    add(2)
    runsOf(2)[0]?.fragment()
    expect(runsOf(2)[0]?.commands).toEqual([{ type: "recorder.abandoned" }])
  })

  test("comes back as it was last wished", () => {
    const { actor, add, snapshotOf, runsOf, pass } = simulateSupervisor({ bug: bugOnce() })
    add(2)
    runsOf(2)[0]?.fragment()
    actor.send({ type: "camera.disabled", cameraId: 2 })
    pass(1_250)
    expect(snapshotOf(2)?.value).toBe("idle")
  })

  test("also when the last wish was to record again", () => {
    const { actor, add, snapshotOf, runsOf, pass } = simulateSupervisor({ bug: bugOnce() })
    add(2)
    runsOf(2)[0]?.fragment()
    actor.send({ type: "camera.disabled", cameraId: 2 })
    actor.send({ type: "camera.enabled", cameraId: 2 })
    pass(1_250)
    expect(snapshotOf(2)?.value).toBe("connecting")
  })

  test("and was removed and added anew is not brought back early by the old delay", () => {
    const { actor, add, runsOf, pass, ofType } = simulateSupervisor({ bug: bugOnce(2) })
    add(2)
    runsOf(2)[0]?.fragment()
    actor.send({ type: "camera.removed", cameraId: 2 })
    add(2)
    pass(900)
    runsOf(2)[1]?.fragment()
    expect(ofType("camera.crashed")).toHaveLength(2)
    pass(999)
    expect(ofType("camera.respawned")).toEqual([])
    pass(251)
    expect(ofType("camera.respawned")).toHaveLength(1)
  })

  test("can be removed before it is back", () => {
    const { actor, add, snapshotOf, runsOf, pass, ofType } = simulateSupervisor({ bug: bugOnce() })
    add(2)
    runsOf(2)[0]?.fragment()
    actor.send({ type: "camera.removed", cameraId: 2 })
    expect(ofType("camera.forgotten")).toHaveLength(1)
    pass(2_000)
    expect(snapshotOf(2)).toBeUndefined()
    expect(ofType("camera.respawned")).toEqual([])
  })

  test("that crashes at every start is no storm, escalates once, and takes nobody down", () => {
    const { actor, add, pass, ofType, snapshotOf } = simulateSupervisor({ bug: bugAlways })
    add(1, 2)
    const sibling = snapshotOf(1)
    pass(29_000, 50)
    expect(snapshotOf(1)).toBe(sibling)
    pass(3_571_000, 50)
    const crashes = ofType("camera.crashed")
    expect(crashes.length).toBeLessThanOrEqual(70)
    expect(crashes.length).toBeGreaterThanOrEqual(45)
    expect(crashes.filter(({ escalated }) => escalated)).toHaveLength(1)
    expect(actor.getSnapshot()).toMatchObject({ status: "active", value: "running" })
  })

  test("is replaced at once after a healthy life", () => {
    const { actor, runsOf, pass, ofType } = simulateSupervisor({ bug: bugOnce() })
    actor.send({ type: "camera.added", cameraId: 2, enabled: false })
    pass(60_000, 1_000)
    actor.send({ type: "camera.enabled", cameraId: 2 })
    runsOf(2)[0]?.fragment()
    expect(ofType("camera.crashed")[0]?.restartDelayMillis).toBeLessThanOrEqual(250)
  })
})
