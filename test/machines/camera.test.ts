import { describe, expect, test } from "vitest"
import { simulateCamera } from "./simulation.ts"

const waiting = { backoff: "waiting" }
const releasing = { backoff: "releasing" }

describe("the ordinary life of a run", () => {
  test("an enabled camera connects at once, a disabled one waits", () => {
    expect(simulateCamera().value()).toBe("connecting")
    const idle = simulateCamera({ enabled: false })
    expect(idle.value()).toBe("idle")
    expect(idle.recorder.runs).toHaveLength(0)
    idle.actor.send({ type: "camera.enabled" })
    expect(idle.value()).toBe("connecting")
    expect(idle.recorder.last.input).toEqual({
      cameraId: 1,
      attempt: 1,
      audio: "as_probed",
      probing: "fast",
      probeAgain: false,
      reason: "enabled",
    })
  })

  test("it records from the first fragment, not from the start of the process", () => {
    const camera = simulateCamera()
    camera.recorder.last.started()
    expect(camera.value()).toBe("connecting")
    expect(camera.context()).toMatchObject({ runId: "run-1", pid: 1001 })
    camera.recorder.last.fragment()
    expect(camera.value()).toEqual({ recording: { fragments: "awaited", audio: "as_probed" } })
  })

  test("a run that ends is an outage with its cause, and a retry after the policy's delay", () => {
    const camera = simulateCamera({ policy: { jitterRatio: 0 } })
    camera.pass(500)
    camera.recorder.last.exited({ cause: "invalid_stream", detail: "no SDP" })
    expect(camera.value()).toEqual(waiting)
    expect(camera.facts.slice(1)).toEqual([
      {
        type: "outage.began",
        cameraId: 1,
        isFailure: true,
        cause: "invalid_stream",
        detail: "no SDP",
        atMillis: 500,
      },
      {
        type: "camera.state_changed",
        cameraId: 1,
        from: "connecting",
        to: "backoff",
        cause: "invalid_stream",
        detail: "no SDP",
        delayMillis: 1_000,
        lastedMillis: 500,
        atMillis: 500,
      },
    ])
    camera.pass(999)
    expect(camera.recorder.runs).toHaveLength(1)
    camera.pass(1)
    expect(camera.recorder.last.input).toMatchObject({ attempt: 2, reason: "retry" })
    expect(camera.context()).toMatchObject({ restarts: 1, cause: "invalid_stream", state: "connecting" })
  })

  test("after a healthy spell the first retry comes within 0.25 s", () => {
    const camera = simulateCamera()
    camera.recorder.last.fragment()
    camera.recordFor(60_000)
    expect(camera.context().healthy).toBe(true)
    camera.recorder.last.exited({ cause: "process_crashed" })
    const diedAtMillis = camera.clock.now()
    camera.pass(250)
    expect(camera.recorder.runs).toHaveLength(2)
    expect(camera.recorder.last.startedAtMillis - diedAtMillis).toBeLessThanOrEqual(250)
  })

  test("a run that fails before a healthy spell is paced as before", () => {
    const camera = simulateCamera({ policy: { jitterRatio: 0 } })
    camera.recorder.last.exited()
    camera.pass(1_000)
    camera.recorder.last.fragment()
    camera.recordFor(59_000)
    camera.recorder.last.exited()
    expect(camera.context().delayMillis).toBe(2_000)
  })
})

describe("silence", () => {
  test("a stall is found exactly stallTimeoutMillis after the last fragment", () => {
    const camera = simulateCamera()
    camera.recorder.last.fragment()
    camera.recordFor(3_000)
    camera.pass(9_999)
    expect(camera.value()).toMatchObject({ recording: {} })
    camera.pass(1)
    expect(camera.value()).toEqual(releasing)
    expect(camera.recorder.last.commands).toEqual([{ type: "recorder.stop_requested", cause: "stalled" }])
    expect(camera.ofType("outage.began")).toMatchObject([{ cause: "stalled", atMillis: 13_000 }])
  })

  test("also when the event of the fragment came late", () => {
    const camera = simulateCamera()
    camera.recorder.last.fragment()
    camera.pass(4_000)
    camera.recorder.last.fragment({ atMillis: 1_000 })
    camera.pass(6_999)
    expect(camera.value()).toMatchObject({ recording: {} })
    camera.pass(1)
    expect(camera.value()).toEqual(releasing)
  })

  test("a run without a fragment is given up after connectTimeoutMillis, and waited for", () => {
    const camera = simulateCamera({ policy: { jitterRatio: 0 } })
    camera.pass(29_999, 100)
    expect(camera.value()).toBe("connecting")
    camera.pass(1)
    expect(camera.value()).toEqual(releasing)
    expect(camera.recorder.last.commands).toEqual([
      { type: "recorder.stop_requested", cause: "connect_timeout" },
    ])
    camera.pass(120_000, 100)
    expect(camera.value()).toEqual(releasing)
    camera.recorder.last.exited({ cause: "process_crashed" })
    expect(camera.value()).toEqual(waiting)
    expect(camera.context().cause).toBe("connect_timeout")
    camera.pass(1_000)
    expect(camera.recorder.runs).toHaveLength(2)
    expect(camera.ofType("outage.began")).toHaveLength(1)
  })
})

describe("remedies", () => {
  test("they hold until fragments arrive", () => {
    const camera = simulateCamera()
    camera.recorder.last.exited({ remedy: "thorough_probing" })
    camera.pass(2_000)
    expect(camera.recorder.last.input).toMatchObject({ probing: "thorough", probeAgain: false })
    camera.recorder.last.exited({ remedy: "probe_again" })
    camera.pass(3_000)
    expect(camera.recorder.last.input).toMatchObject({ probing: "thorough", probeAgain: true })
    camera.recorder.last.fragment()
    camera.recorder.last.exited()
    camera.pass(6_000)
    expect(camera.recorder.last.input).toMatchObject({ attempt: 4, probing: "fast", probeAgain: false })
  })

  test("a remedy learnt while a run is being ended counts too", () => {
    const camera = simulateCamera()
    camera.pass(30_000, 100)
    camera.recorder.last.exited({ remedy: "thorough_probing" })
    camera.pass(2_000)
    expect(camera.recorder.last.input).toMatchObject({ probing: "thorough", audio: "off" })
  })
})

describe("the operator", () => {
  test("stopping waits for the end of the run", () => {
    const camera = simulateCamera()
    camera.recorder.last.started()
    camera.recorder.last.fragment()
    camera.actor.send({ type: "camera.disabled" })
    expect(camera.value()).toEqual({ stopped: "releasing" })
    expect(camera.recorder.last.commands).toEqual([{ type: "recorder.stop_requested", cause: "disabled" }])
    camera.recorder.last.fragment()
    camera.recorder.last.exited()
    expect(camera.value()).toEqual({ stopped: "released" })
    expect(camera.context()).toMatchObject({ runId: null, pid: null })
    expect(camera.ofType("outage.began")).toEqual([])
    expect(camera.states()).toEqual(["connecting", "recording", "stopped"])
  })

  test("starting while the stopped run still ends waits for it, then connects at once", () => {
    const camera = simulateCamera()
    camera.actor.send({ type: "camera.disabled" })
    camera.actor.send({ type: "camera.enabled" })
    expect(camera.value()).toEqual(releasing)
    expect(camera.recorder.runs).toHaveLength(1)
    camera.recorder.last.exited()
    expect(camera.value()).toBe("connecting")
    expect(camera.recorder.last.input).toMatchObject({ attempt: 2, reason: "enabled" })
    expect(camera.context().restarts).toBe(0)
  })

  test("stopping while a run is being ended asks it no second time", () => {
    const camera = simulateCamera()
    camera.pass(30_000, 100)
    camera.actor.send({ type: "camera.disabled" })
    expect(camera.value()).toEqual({ stopped: "releasing" })
    camera.actor.send({ type: "camera.enabled" })
    camera.actor.send({ type: "camera.disabled" })
    expect(camera.recorder.last.commands).toHaveLength(1)
    camera.recorder.last.exited()
    expect(camera.value()).toEqual({ stopped: "released" })
  })

  test("stopping during the wait starts nothing any more; starting then forgives earlier failures", () => {
    const camera = simulateCamera({ policy: { jitterRatio: 0 } })
    camera.recorder.last.exited()
    camera.pass(1_000)
    camera.recorder.last.exited()
    camera.actor.send({ type: "camera.disabled" })
    expect(camera.value()).toEqual({ stopped: "released" })
    camera.pass(60_000, 100)
    expect(camera.recorder.runs).toHaveLength(2)
    camera.actor.send({ type: "camera.enabled" })
    camera.recorder.last.exited()
    expect(camera.context().delayMillis).toBe(1_000)
  })

  test("a second start of a camera that records changes nothing", () => {
    const camera = simulateCamera()
    camera.recorder.last.fragment()
    const before = camera.actor.getSnapshot()
    camera.actor.send({ type: "camera.enabled" })
    expect(camera.actor.getSnapshot().value).toEqual(before.value)
    expect(camera.recorder.runs).toHaveLength(1)
  })

  test("new settings end the run and start another at once", () => {
    const camera = simulateCamera()
    camera.recorder.last.fragment()
    camera.actor.send({ type: "camera.reconfigured" })
    expect(camera.recorder.last.commands).toEqual([
      { type: "recorder.stop_requested", cause: "reconfigured" },
    ])
    expect(camera.ofType("outage.began")).toMatchObject([{ cause: "reconfigured", isFailure: false }])
    camera.recorder.last.exited()
    expect(camera.value()).toBe("connecting")
    expect(camera.recorder.last.input).toMatchObject({ attempt: 2, reason: "reconfigured" })
  })

  test("new settings while connecting begin an outage: the run may have written when it was told to end", () => {
    const camera = simulateCamera()
    camera.actor.send({ type: "camera.reconfigured" })
    expect(camera.ofType("outage.began")).toMatchObject([{ cause: "reconfigured", isFailure: false }])
    camera.actor.send({ type: "camera.reconfigured" })
    expect(camera.ofType("outage.began")).toHaveLength(1)
  })

  test("new settings end a slow wait and its penalty", () => {
    const camera = simulateCamera({ policy: { jitterRatio: 0 } })
    camera.recorder.last.exited()
    camera.pass(1_000)
    camera.recorder.last.exited({ cause: "auth_failed", permanent: true })
    camera.actor.send({ type: "camera.reconfigured" })
    expect(camera.recorder.runs).toHaveLength(3)
    camera.recorder.last.exited()
    expect(camera.context().delayMillis).toBe(1_000)
  })

  test("new settings while a run is being ended wait for it, then connect at once", () => {
    const camera = simulateCamera()
    camera.pass(30_000, 100)
    camera.actor.send({ type: "camera.reconfigured" })
    expect(camera.recorder.last.commands).toHaveLength(1)
    camera.recorder.last.exited()
    expect(camera.value()).toBe("connecting")
  })
})

describe("alerts", () => {
  test("a permanent cause is retried slowly, alerts once per cause, and clears at the first fragment", () => {
    const camera = simulateCamera({ policy: { jitterRatio: 0 } })
    camera.recorder.last.exited({ cause: "auth_failed", permanent: true, detail: "401 Unauthorized" })
    expect(camera.context().delayMillis).toBe(300_000)
    expect(camera.ofType("alert.raised")).toMatchObject([
      { kind: "permanent_cause", cause: "auth_failed", detail: "401 Unauthorized" },
    ])
    camera.pass(300_000, 1_000)
    camera.recorder.last.exited({ cause: "auth_failed", permanent: true })
    expect(camera.ofType("alert.raised")).toHaveLength(1)
    camera.pass(300_000, 1_000)
    camera.recorder.last.exited({ cause: "not_found", permanent: true })
    expect(camera.ofType("alert.raised").map(({ cause }) => cause)).toEqual(["auth_failed", "not_found"])
    camera.pass(300_000, 1_000)
    expect(camera.ofType("alert.cleared")).toEqual([])
    camera.recorder.last.fragment()
    expect(camera.ofType("alert.cleared")).toMatchObject([{ kind: "permanent_cause", cause: "not_found" }])
  })

  test("too many failures escalate once; a healthy spell clears the alert, a fragment does not", () => {
    const camera = simulateCamera()
    camera.recorder.onStart = (run) => run.exited()
    camera.recorder.last.exited()
    camera.pass(900_000, 50)
    expect(camera.context().restart.escalated).toBe(true)
    expect(camera.ofType("alert.raised")).toMatchObject([
      { kind: "restart_intensity", cause: "camera_unreachable" },
    ])
    camera.recorder.onStart = (run) => run.fragment()
    while (camera.context().state !== "recording") camera.pass(50)
    camera.recordFor(59_000)
    expect(camera.ofType("alert.cleared")).toEqual([])
    camera.recordFor(1_000)
    expect(camera.ofType("alert.cleared")).toMatchObject([{ kind: "restart_intensity" }])
    expect(camera.context()).toMatchObject({ alerts: [], restart: { escalated: false } })
  })
})

describe("no storm", () => {
  test.each([1, 2, 3, 4, 5])("a camera dead for an hour is started at most 70 times (seed %i)", (seed) => {
    const camera = simulateCamera({ seed })
    camera.recorder.onStart = (run) => run.exited()
    camera.recorder.last.exited()
    camera.pass(3_600_000, 50)
    expect(camera.recorder.runs.length).toBeLessThanOrEqual(70)
    expect(camera.recorder.runs.length).toBeGreaterThanOrEqual(45)
    expect(camera.recorder.mostAliveOfOneCamera).toBe(1)
    expect(camera.ofType("outage.began")).toHaveLength(camera.recorder.runs.length)
  })
})
