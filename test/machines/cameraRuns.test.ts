import { createActor, fromCallback, SimulatedClock, type AnyActorRef } from "xstate"
import { expect, test } from "vitest"
import { cameraMachine } from "../../machines/camera.ts"
import type { CameraFact } from "../../machines/cameraContract.ts"
import type { RecorderCommand, RecorderEvent, RecorderInput } from "../../machines/recorderContract.ts"
import { advance, settingsFor, simulateCamera } from "./simulation.ts"

test("late events of an earlier run are not heard", () => {
  const camera = simulateCamera()
  camera.recorder.last.exited()
  camera.pass(2_000)
  const late: ReadonlyArray<RecorderEvent> = [
    { type: "recorder.started", attempt: 1, runId: "run-1", pid: 1001, audio: "off" },
    { type: "fragment.written", attempt: 1, atMillis: 2_000 },
    {
      type: "recorder.exited",
      attempt: 1,
      cause: "auth_failed",
      permanent: true,
      detail: "",
      remedy: "video_only",
      atMillis: 2_000,
    },
  ]
  for (const event of late) camera.actor.send(event)
  expect(camera.value()).toBe("connecting")
  expect(camera.context()).toMatchObject({ runId: null, audio: "as_probed", attempt: 2 })

  camera.recorder.last.fragment()
  for (const event of late) camera.actor.send(event)
  expect(camera.value()).toMatchObject({ recording: {} })
  camera.pass(9_000)
  camera.actor.send({ type: "fragment.written", attempt: 1, atMillis: 11_000 })
  camera.pass(1_000)
  expect(camera.value()).toEqual({ backoff: "releasing" })
  for (const event of late) camera.actor.send(event)
  expect(camera.value()).toEqual({ backoff: "releasing" })
})

test("the actor of an ended run says nothing more", () => {
  const camera = simulateCamera()
  const first = camera.recorder.last
  first.exited()
  first.exited({ attempt: 2 })
  camera.pass(2_000)
  first.fragment({ attempt: 2 })
  expect(camera.value()).toBe("connecting")
})

/** A camera whose n-th run actor is the n-th of these, and the last one for ever. */
function cameraOf(
  ...logics: ReadonlyArray<(send: (event: RecorderEvent) => void) => (() => void) | undefined>
) {
  const clock = new SimulatedClock()
  const facts: Array<CameraFact> = []
  const actor = createActor(
    cameraMachine.provide({
      actors: {
        recorder: fromCallback<RecorderCommand, RecorderInput>(({ input, sendBack }) =>
          logics[Math.min(input.attempt, logics.length) - 1]?.(sendBack),
        ),
      },
      actions: {
        report: (_args, fact) => {
          facts.push(fact)
        },
      },
    }),
    { clock, input: { ...settingsFor(clock), cameraId: 1, enabled: true, supervisor: null } },
  )
  actor.start()
  return { actor, clock, facts }
}

const exitOf = (attempt: number): RecorderEvent => ({
  type: "recorder.exited",
  attempt,
  cause: "camera_unreachable",
  permanent: false,
  detail: "",
  remedy: "none",
  atMillis: 0,
})

test("a run actor that fails is an exit of unknown cause, and the camera goes on", () => {
  const { actor, clock, facts } = cameraOf(
    () => {
      throw new Error("bug")
    },
    () => undefined,
  )
  expect(actor.getSnapshot().value).toEqual({ backoff: "waiting" })
  expect(facts.slice(1, 3)).toMatchObject([
    { type: "recorder.failed", error: new Error("bug") },
    { type: "outage.began", cause: "unknown" },
  ])
  advance(clock, 1_250)
  expect(actor.getSnapshot().value).toBe("connecting")
  expect(actor.getSnapshot().context.attempt).toBe(2)
})

const failsAtTheEnd = (send: (event: RecorderEvent) => void) => {
  send(exitOf(1))
  return () => {
    throw new Error("bug in the cleanup")
  }
}

test("a run actor that fails while it is cleared away harms neither the camera nor the next run", () => {
  const { actor, clock, facts } = cameraOf(failsAtTheEnd, () => undefined)
  expect(actor.getSnapshot()).toMatchObject({ status: "active", value: { backoff: "waiting" } })
  expect(facts).toContainEqual(expect.objectContaining({ type: "recorder.failed" }))
  advance(clock, 1_250)
  expect(actor.getSnapshot().value).toBe("connecting")

  const stale: AnyActorRef = actor
  stale.send({ type: "xstate.error.actor.recorder-1", actorId: "recorder-1", error: new Error("late") })
  expect(actor.getSnapshot()).toMatchObject({ status: "active", value: "connecting" })
})

test("a run actor that fails while it is awaited counts as ended", () => {
  const { actor, facts } = cameraOf(
    () => undefined,
    () => undefined,
  )
  actor.send({ type: "camera.disabled" })
  const broken: AnyActorRef = actor
  broken.send({ type: "xstate.error.actor.recorder-1", actorId: "recorder-1", error: new Error("bug") })
  expect(actor.getSnapshot().value).toEqual({ stopped: "released" })
  expect(facts).toContainEqual(expect.objectContaining({ type: "recorder.failed" }))
})
