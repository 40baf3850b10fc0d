import * as fc from "fast-check"
import { getShortestPaths } from "xstate/graph"
import type { AnyMachineSnapshot, AnyStateMachine, StateValue } from "xstate"
import { describe, expect, test } from "vitest"
import { cameraMachine } from "../../machines/camera.ts"
import { defaultCameraDelays } from "../../machines/cameraContract.ts"
import { defaultRestartPolicy } from "../../machines/restartPolicy.ts"
import { statesOf } from "../../machines/statechart.ts"
import { simulateCamera } from "./simulation.ts"

// Timer events are XState's own and stand in no event type.
const machine: AnyStateMachine = cameraMachine

const timers = statesOf(machine.root)
  .flatMap((node) => [...node.transitions.keys()])
  .filter((type) => type.startsWith("xstate.after."))

const runIdsOf = (state: AnyMachineSnapshot) =>
  Object.keys(state.children).filter((id) => id.startsWith("recorder-"))

/** Everything that can happen in a state: a run speaks only while it lives, an earlier one at any time. */
function eventsIn(state: AnyMachineSnapshot) {
  const attempt: number = state.context.attempt
  const exit = { type: "recorder.exited", cause: "camera_unreachable", detail: "", atMillis: 0 }
  const running = runIdsOf(state).length > 0
  return [
    { type: "camera.enabled" },
    { type: "camera.disabled" },
    { type: "camera.reconfigured" },
    { type: "audio.found" },
    { type: "room.returned" },
    ...timers.map((type) => ({ type })),
    { type: "xstate.done.actor.audioProbe", actorId: "audioProbe", output: true },
    { type: "xstate.done.actor.audioProbe", actorId: "audioProbe", output: false },
    { type: "xstate.error.actor.audioProbe", actorId: "audioProbe", error: "no answer" },
    { ...exit, attempt: attempt - 1, permanent: false, remedy: "none" },
    { type: "xstate.error.actor.late", actorId: `recorder-${attempt - 1}`, error: "bug" },
    { type: "fragment.written", attempt: attempt - 1, atMillis: 0 },
    ...(running
      ? [
          { type: "recorder.started", attempt, runId: "run", pid: 1, audio: state.context.audio },
          { type: "fragment.written", attempt, atMillis: 0 },
          { type: "fragment.written", attempt, atMillis: 60_000 },
          { ...exit, attempt, permanent: false, remedy: "none" },
          { ...exit, attempt, permanent: true, remedy: "probe_again" },
          { ...exit, attempt, permanent: false, remedy: "video_only" },
          { ...exit, attempt, cause: "disk_full", permanent: false, remedy: "wait_for_room" },
          { type: "xstate.error.actor.run", actorId: `recorder-${attempt}`, error: "bug" },
        ]
      : []),
  ]
}

function serializeState({ value, context }: AnyMachineSnapshot): string {
  const { audio, probeAgain, reason, delayMillis, healthy } = context
  const kinds = context.alerts.map(({ kind }: { kind: string }) => kind).toSorted()
  return JSON.stringify([
    value,
    context.attempt,
    audio,
    probeAgain,
    reason,
    delayMillis === 0,
    healthy,
    kinds,
  ])
}

const paths = getShortestPaths(machine, {
  input: {
    cameraId: 1,
    enabled: false,
    policy: defaultRestartPolicy,
    delays: defaultCameraDelays,
    random: () => 0.5,
    nowMillis: () => 0,
    supervisor: null,
  },
  events: eventsIn,
  serializeState,
  // Three runs are enough for every state to follow every other with a run before and after.
  stopWhen: (state: AnyMachineSnapshot) => state.context.attempt > 3,
  limit: 20_000,
})

function namesIn(value: StateValue, prefix = ""): ReadonlyArray<string> {
  if (typeof value === "string") return [prefix + value]
  return Object.entries(value).flatMap(([name, inner]) => [
    prefix + name,
    ...(inner === undefined ? [] : namesIn(inner, `${prefix}${name}.`)),
  ])
}

const endsRun = (event: { type: string; attempt?: number; actorId?: string }, attempt: number) =>
  (event.type === "recorder.exited" && event.attempt === attempt) ||
  (event.type.startsWith("xstate.error.actor.") && event.actorId === `recorder-${attempt}`)

describe("along all shortest paths", () => {
  test("every state is reachable", () => {
    const reached = new Set(paths.flatMap(({ state }) => namesIn(state.value)))
    const declared = statesOf(machine.root).map((node) => node.path.join("."))
    expect([...reached].toSorted()).toEqual(declared.toSorted())
    expect(paths.length).toBeGreaterThan(100)
  })

  test("there are never two runs, and none where none should be", () => {
    for (const { steps } of paths) {
      let ended = 0
      let before: AnyMachineSnapshot | undefined
      for (const { event, state } of steps) {
        if (before !== undefined && runIdsOf(before).length > 0 && endsRun(event, before.context.attempt)) {
          ended += 1
        }
        const alive = state.context.attempt - ended
        const names = namesIn(state.value)
        const mayLive = names.some((name) => /^(connecting|recording)$|\.releasing$/.test(name))
        const told = steps.map((step) => step.event.type)
        expect({ told, alive }).toEqual({ told, alive: mayLive ? 1 : 0 })
        expect(runIdsOf(state)).toEqual(mayLive ? [`recorder-${state.context.attempt}`] : [])
        before = state
      }
    }
  })

  test("the camera never ends", () => {
    expect(new Set(paths.map(({ state }) => state.status))).toEqual(new Set(["active"]))
  })
})

test("whatever happens, there is one run at most, and an enabled camera is tried again", () => {
  type Happening =
    | "enable"
    | "disable"
    | "reconfigure"
    | "start"
    | "fragment"
    | "exit"
    | "second"
    | "half_minute"
  const happenings = fc.array(
    fc.constantFrom<Happening>(
      "enable",
      "disable",
      "reconfigure",
      "start",
      "fragment",
      "exit",
      "second",
      "half_minute",
    ),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(happenings, fc.nat(), (sequence, seed) => {
      const camera = simulateCamera({ seed })
      const ended = new Set<number>()
      const endLast = () => {
        const { input, exited } = camera.recorder.last
        if (ended.has(input.attempt)) return
        ended.add(input.attempt)
        exited()
      }
      const act: Record<Happening, () => void> = {
        enable: () => camera.actor.send({ type: "camera.enabled" }),
        disable: () => camera.actor.send({ type: "camera.disabled" }),
        reconfigure: () => camera.actor.send({ type: "camera.reconfigured" }),
        start: () => camera.recorder.last.started(),
        fragment: () => camera.recorder.last.fragment(),
        exit: endLast,
        second: () => camera.pass(1_000, 100),
        half_minute: () => camera.pass(30_000, 100),
      }
      for (const happening of sequence) act[happening]()
      const starts = camera.recorder.runs.length
      act.enable()
      camera.pass(30_000, 1_000)
      endLast()
      camera.pass(400_000, 1_000)
      expect(camera.recorder.runs.length).toBeGreaterThan(starts)
      expect(camera.recorder.mostAliveOfOneCamera).toBe(1)
      for (const { commands } of camera.recorder.runs) expect(commands.length).toBeLessThanOrEqual(1)
    }),
    { seed: 20_260_114, numRuns: 200 },
  )
})
