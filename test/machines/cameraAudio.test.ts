import { describe, expect, test } from "vitest"
import { simulateCamera, type SimulationOptions } from "./simulation.ts"

const hourMillis = 3_600_000
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A camera that hung once with audio and now records video only. */
function recordingWithoutAudio(options: SimulationOptions = {}) {
  const camera = simulateCamera({
    ...options,
    delays: { stallTimeoutMillis: 2 * hourMillis, ...options.delays },
  })
  camera.recorder.endWhenTold()
  camera.pass(30_000, 100)
  camera.pass(2_000)
  camera.recorder.last.started()
  camera.recorder.last.fragment()
  return camera
}

describe("leaving audio out", () => {
  test("after a connect timeout the next try maps video only, and says so once it records", () => {
    const camera = recordingWithoutAudio()
    expect(camera.recorder.runs.map(({ input }) => input.audio)).toEqual(["as_probed", "off"])
    expect(camera.value()).toEqual({ recording: { fragments: "awaited", audio: "left_out" } })
    expect(camera.ofType("alert.raised")).toMatchObject([{ kind: "audio_missing" }])
  })

  test("timeouts alternate", () => {
    const camera = simulateCamera()
    camera.recorder.endWhenTold()
    camera.pass(200_000, 100)
    expect(camera.recorder.runs.slice(0, 4).map(({ input }) => input.audio)).toEqual([
      "as_probed",
      "off",
      "as_probed",
      "off",
    ])
  })

  test("an end that is no timeout takes the suspicion back", () => {
    const camera = simulateCamera()
    camera.recorder.endWhenTold()
    camera.pass(32_000, 100)
    expect(camera.recorder.last.input.audio).toBe("off")
    camera.recorder.last.exited()
    camera.pass(3_000)
    expect(camera.recorder.last.input).toMatchObject({ attempt: 3, audio: "as_probed" })
  })

  test("unless a recording without audio proved it, or the run asks for it", () => {
    const proven = recordingWithoutAudio()
    proven.recorder.last.exited()
    proven.pass(3_000)
    proven.recorder.last.exited()
    proven.pass(6_000)
    expect(proven.recorder.last.input).toMatchObject({ attempt: 4, audio: "off" })

    const asked = simulateCamera()
    asked.recorder.last.exited({ remedy: "video_only" })
    asked.pass(2_000)
    expect(asked.recorder.last.input.audio).toBe("off")
  })

  test("a camera without an audio track raises no alert", () => {
    const camera = simulateCamera()
    camera.recorder.endWhenTold()
    camera.pass(32_000, 100)
    camera.recorder.last.started({ audio: "as_probed" })
    camera.recorder.last.fragment()
    expect(camera.value()).toEqual({ recording: { fragments: "awaited", audio: "as_probed" } })
    expect(camera.ofType("alert.raised")).toEqual([])
  })

  test("a run adopted without audio is looked after like one started without", () => {
    const camera = simulateCamera()
    camera.recorder.last.started({ audio: "off" })
    camera.recorder.last.fragment()
    expect(camera.value()).toMatchObject({ recording: { audio: "left_out" } })
    expect(camera.ofType("alert.raised")).toMatchObject([{ kind: "audio_missing" }])
  })
})

describe("looking for it again", () => {
  test("audio that arrives recycles the run at once; the alert clears when it records", async () => {
    const camera = recordingWithoutAudio({ audioProbe: () => Promise.resolve(true) })
    camera.pass(hourMillis - 1, 1_000)
    expect(camera.value()).toMatchObject({ recording: { audio: "left_out" } })
    camera.pass(1)
    expect(camera.value()).toMatchObject({ recording: { audio: "looking" } })
    expect(camera.recorder.last.commands).toEqual([])
    await settled()
    expect(camera.recorder.runs[1]?.commands).toEqual([
      { type: "recorder.stop_requested", cause: "reconfigured" },
    ])
    expect(camera.recorder.last.input).toMatchObject({
      attempt: 3,
      audio: "as_probed",
      reason: "reconfigured",
    })
    expect(camera.ofType("alert.cleared")).toEqual([])
    camera.recorder.last.fragment()
    expect(camera.ofType("alert.cleared")).toMatchObject([{ kind: "audio_missing" }])
  })

  test.each([
    ["no audio", () => Promise.resolve(false), 0],
    ["a failed look", () => Promise.reject(new Error("unreachable")), 1],
  ])("%s interrupts nothing and is followed by another look", async (_, audioProbe, failures) => {
    let looks = 0
    const camera = recordingWithoutAudio({
      audioProbe: () => {
        looks += 1
        return audioProbe()
      },
    })
    camera.pass(hourMillis, 1_000)
    await settled()
    expect(camera.value()).toMatchObject({ recording: { audio: "left_out" } })
    expect(camera.ofType("audio_probe.failed")).toHaveLength(failures)
    expect(looks).toBe(1)
    camera.recorder.last.fragment()
    camera.pass(hourMillis, 1_000)
    await settled()
    expect(looks).toBe(2)
    expect(camera.recorder.last.commands).toEqual([])
    expect(camera.recorder.runs).toHaveLength(2)
  })

  test("fragments and restarts of the run do not put the look off", () => {
    const camera = recordingWithoutAudio()
    for (let minutes = 1; minutes < 60; minutes += 1) {
      camera.pass(60_000, 1_000)
      camera.recorder.last.fragment()
      if (minutes === 30) {
        camera.recorder.last.exited()
        camera.pass(1_000)
        camera.recorder.last.fragment()
      }
    }
    expect(camera.value()).toMatchObject({ recording: { audio: "left_out" } })
    camera.pass(60_000, 1_000)
    expect(camera.value()).toMatchObject({ recording: { audio: "looking" } })
  })

  test("somebody else's finding recycles too", () => {
    const camera = recordingWithoutAudio()
    camera.actor.send({ type: "audio.found" })
    expect(camera.recorder.last.input).toMatchObject({ attempt: 3, audio: "as_probed" })
  })
})
