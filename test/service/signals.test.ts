import { globSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { isProcessAlive, signalProcess } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { LeftScene } from "./LeftScene.ts"

const names = ["adopted", "own"]
let scene: LeftScene

const pause = (millis: number): Promise<void> => new Promise((passed) => setTimeout(passed, millis))

const nothingIsLeft = () => {
  expect(scene.service.runs()).toEqual([])
  expect(globSync(`${scene.service.recordingDirectory}/cam_*/.runs/*`)).toEqual([])
  expect(globSync(`${scene.service.stateDirectory}/runs/*`)).toEqual([])
}

const endTimed = async (signal: NodeJS.Signals) => {
  const askedAtMillis = performance.now()
  const exitCode = await scene.service.end(signal)
  return { exitCode, seconds: (performance.now() - askedAtMillis) / 1000 }
}

const startRecording = async () => {
  await scene.service.start()
  await scene.records(...names)
}

beforeAll(async () => {
  scene = await LeftScene.open(names)
})

afterAll(() => scene?.close())

describe("signals", () => {
  it.each(["SIGUSR2", "SIGKILL"] as const)(
    "%s at any moment of a start leaves all runs as they are",
    async (signal) => {
      const runs = names.map((name) => scene.run(name))
      await scene.service.end("SIGKILL")
      for (const afterMillis of [100, 300, 450, 600, 750, 900]) {
        scene.service.spawn()
        await pause(afterMillis)
        // Null where it has no handler yet: then the signal itself ends it.
        expect([0, null]).toContain((await endTimed(signal)).exitCode)
        expect(names.map((name) => scene.run(name))).toEqual(runs)
      }
      await startRecording()
      expect(names.map((name) => scene.run(name))).toEqual(runs)
    },
  )

  it("SIGUSR2 ends the service with code 0, and says what goes on", async () => {
    const runs = names.map((name) => scene.run(name))
    const { exitCode, seconds } = await endTimed("SIGUSR2")
    process.stdout.write(`handed over in ${seconds.toFixed(2)} s\n`)
    expect(exitCode).toBe(0)
    expect(seconds).toBeLessThan(5)
    for (const { pid } of runs) expect(scene.service.log).toContain(`pid ${pid}`)
    await startRecording()
    expect(names.map((name) => scene.run(name))).toEqual(runs)
  })

  it("SIGTERM at any moment of a start ends it within 10 s, and the next one records with one run each", async () => {
    for (const afterMillis of [100, 400, 700]) {
      await scene.service.end("SIGKILL")
      scene.service.spawn()
      await pause(afterMillis)
      expect((await endTimed("SIGTERM")).seconds).toBeLessThan(10)
      await startRecording()
      expect(names.map((name) => scene.runs(name).length)).toEqual([1, 1])
    }
  })

  it("SIGTERM names a run that did not stop, and exits with another code than 0", async () => {
    const runId = scene.startSecond("own")
    const second = await awaitFact("nobody's run records", () =>
      scene.runs("own").find((run) => run.runId === runId),
    )
    const { exitCode } = await endTimed("SIGTERM")
    expect(exitCode).toBe(1)
    expect(scene.service.log.trimEnd().split("\n").at(-1)).toMatch(
      new RegExp(`^vigia: .*camera ${second.cameraId} \\(pid ${second.pid}\\)`),
    )
    signalProcess(second, "SIGTERM")
    await awaitFact("it has ended", () => !isProcessAlive(second))
    await startRecording()
  })

  it("SIGTERM ends adopted and own runs that are frozen, settles their files and exits within 10 s", async () => {
    const run = scene.run("adopted")
    await scene.service.end("SIGKILL")
    await startRecording()
    expect(scene.run("adopted")).toEqual(run)
    await scene.renew("own")
    await scene.records("own")
    for (const name of names) signalProcess(scene.run(name), "SIGSTOP")

    const { exitCode, seconds } = await endTimed("SIGTERM")
    process.stdout.write(`two frozen runs were ended in ${seconds.toFixed(2)} s\n`)
    expect(exitCode).toBe(0)
    expect(seconds).toBeLessThan(10)
    nothingIsLeft()
    for (const name of names) expect(await scene.settled(name, false)).toBeGreaterThan(0)
    await startRecording()
  })

  it("SIGINT twice is one orderly end", async () => {
    const exited = endTimed("SIGINT")
    scene.service.kill("SIGINT")
    const { exitCode, seconds } = await exited
    expect(exitCode).toBe(0)
    expect(seconds).toBeLessThan(10)
    nothingIsLeft()
    for (const name of names) {
      expect(await scene.settled(name, false)).toBeGreaterThan(0)
      expect(scene.lostFrames(name)).toBe(0)
    }
  })
})
