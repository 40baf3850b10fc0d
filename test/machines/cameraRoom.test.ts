import { describe, expect, test } from "vitest"
import type { RecorderExited } from "../../machines/recorderContract.ts"
import { simulateCamera } from "./simulation.ts"
import { simulateSupervisor } from "./supervisorSimulation.ts"

const noRoom: Partial<RecorderExited> = {
  cause: "disk_full",
  detail: "the reserve of the disk is reached",
  remedy: "wait_for_room",
}

describe("a camera without room on the disk", () => {
  test("waits for room, however long: nothing counts as a failed run, and the outage is told once", () => {
    const { recorder, value, context, pass, recordFor, ofType, actor } = simulateCamera()
    recorder.last.started()
    recordFor(10_000)
    recorder.onStart = (run) => run.exited(noRoom)
    recorder.last.exited(noRoom)
    expect(value()).toEqual({ backoff: "waiting" })
    pass(3_600_000, 1_000)
    // Asked now and then, should nobody tell.
    expect(recorder.runs.length).toBeGreaterThanOrEqual(60)
    expect(recorder.runs.length).toBeLessThanOrEqual(61)
    expect(context().restart).toMatchObject({ doublings: 0, failedAtMillis: [], escalated: false })
    expect(context().restarts).toBe(0)
    expect(ofType("alert.raised")).toEqual([])
    expect(ofType("outage.began")).toMatchObject([{ cause: "disk_full", isFailure: false }])
    expect(ofType("outage.began")).toHaveLength(1)

    recorder.onStart = () => {}
    const before = recorder.runs.length
    actor.send({ type: "room.returned" })
    expect(value()).toBe("connecting")
    expect(recorder.runs.length).toBe(before + 1)
    recorder.last.started()
    recorder.last.fragment()
    expect(value()).toMatchObject({ recording: {} })
    // Told again, it goes on.
    actor.send({ type: "room.returned" })
    expect(recorder.runs.length).toBe(before + 1)
    expect(context().restarts).toBe(1)
    expect(recorder.mostAliveOfOneCamera).toBe(1)
  })

  test("goes on at once when there was room again before its run had ended", () => {
    const { recorder, value, actor, recordFor } = simulateCamera()
    recorder.last.started()
    recordFor(10_000)
    actor.send({ type: "room.returned" })
    recorder.last.exited(noRoom)
    expect(value()).toBe("connecting")
    expect(recorder.runs.length).toBe(2)
    // That room is used up.
    recorder.last.exited(noRoom)
    expect(value()).toEqual({ backoff: "waiting" })
  })

  test("keeps the backoff of another fault, and one that is stopped stays so", () => {
    const { recorder, value, actor, context } = simulateCamera()
    recorder.last.exited()
    const { restart, delayMillis } = context()
    actor.send({ type: "room.returned" })
    expect(value()).toEqual({ backoff: "waiting" })
    expect(context()).toMatchObject({ restart, delayMillis })
    actor.send({ type: "camera.disabled" })
    actor.send({ type: "room.returned" })
    expect(value()).toEqual({ stopped: "released" })
    expect(recorder.runs.length).toBe(1)
  })

  test("counts a disk that fills under FFmpeg as any failed run", () => {
    const { recorder, context } = simulateCamera()
    recorder.last.exited({ cause: "disk_full", detail: "no space left", remedy: "none" })
    expect(context().restart.failedAtMillis.length).toBe(1)
  })
})

test("a supervisor tells all its cameras that there is room", () => {
  const { actor, add, recorder, runsOf, snapshotOf } = simulateSupervisor()
  add(1, 2, 3)
  recorder.runs[0]?.exited(noRoom)
  recorder.runs[1]?.exited()
  actor.send({ type: "room.returned" })
  expect([1, 2, 3].map((id) => runsOf(id).length)).toEqual([2, 1, 1])
  expect(snapshotOf(3)?.value).toBe("connecting")
})
