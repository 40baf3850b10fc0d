import { fork } from "node:child_process"
import { once } from "node:events"
import { readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { SimulatorProcess } from "../../../src/demo/simulator/SimulatorProcess.ts"
import { clipDirectory, playing, temporaryDirectory } from "./simulatorFixture.ts"

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const untilGone = async (pid: number): Promise<void> => {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe("SimulatorProcess", () => {
  it("plays, takes faults, adds cameras and counts, and is gone after stop", async () => {
    const simulator = await SimulatorProcess.start({ clipDirectory, cameras: [{ path: "cam", port: 0 }] })
    onTestFinished(() => simulator.stop())
    const camera = simulator.camera("cam")
    const client = await playing(camera.url)
    await client.untilFrames(2)
    await camera.set({ kind: "dropFin" })
    expect(await client.ended).toBe("fin")
    const counters = await camera.counters()
    expect(counters.sessions[0]?.framesSent).toBe(counters.framesSent)
    const added = await simulator.addCamera({ path: "second" })
    await (await playing(added.url)).untilFrames(1)
    await expect(simulator.addCamera({ path: "second" })).rejects.toThrow("two simulated cameras")
    await added.set({ kind: "frameSkip", probability: 1 })
    await added.clear()
    await simulator.stop()
    expect(isAlive(simulator.pid ?? 0)).toBe(false)
    await expect(camera.counters()).rejects.toThrow("the simulator has ended")
  })

  it("says why it did not start", async () => {
    const options = { clipDirectory: await temporaryDirectory(), cameras: [{ path: "cam" }] }
    await expect(SimulatorProcess.start({ ...options, ffmpegPath: "/nonexistent" })).rejects.toThrow("ENOENT")
  })

  it("makes a clip once although two processes need it at the same time", async () => {
    const directory = await temporaryDirectory()
    const start = () => SimulatorProcess.start({ clipDirectory: directory, cameras: [{ path: "cam" }] })
    const simulators = await Promise.all([start(), start()])
    onTestFinished(async () => {
      await Promise.all(simulators.map((simulator) => simulator.stop()))
    })
    const clients = await Promise.all(simulators.map((simulator) => playing(simulator.camera("cam").url)))
    await Promise.all(clients.map((client) => client.untilFrames(1)))
    expect(await readdir(directory)).toEqual([expect.stringMatching(/^h264-360p-[0-9a-f]{12}\.mp4$/u)])
  })

  it("ends by itself when its parent is killed", async () => {
    const directory = await temporaryDirectory()
    const parentPath = join(directory, "parent.ts")
    const modulePath = new URL("../../../src/demo/simulator/SimulatorProcess.ts", import.meta.url).href
    await writeFile(
      parentPath,
      `import { SimulatorProcess } from ${JSON.stringify(modulePath)}
       const options = ${JSON.stringify({ clipDirectory, cameras: [{ path: "cam" }] })}
       const simulator = await SimulatorProcess.start(options)
       process.send(simulator.pid)`,
    )
    const parent = fork(parentPath, [], { execArgv: [] })
    const [pid] = await once(parent, "message")
    expect(isAlive(pid)).toBe(true)
    parent.kill("SIGKILL")
    await untilGone(pid)
    expect(isAlive(pid)).toBe(false)
  })
})
