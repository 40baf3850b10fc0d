import { readdirSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { signalProcess } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { guardsOf } from "../support/guards.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { LeftScene } from "./LeftScene.ts"

const names = ["first", "second"]
let scene: LeftScene

/** A port that was free just now: the address of a service that still starts is not in its log. */
const freePort = (): Promise<number> =>
  new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => found(typeof address === "object" ? (address?.port ?? 0) : 0))
    })
  })

beforeAll(async () => {
  scene = await LeftScene.open(names, [], { RECORDING_RETRY_INITIAL: "0.2", RECORDING_RETRY_MAX: "0.2" })
})

afterAll(() => scene?.close())

describe("a start that fails", () => {
  it("says why and leaves the runs of the last life as they are", async () => {
    const runs = names.map((name) => scene.run(name))
    const camerasFile = join(scene.service.directory, "cameras.yaml")
    writeFileSync(camerasFile, "owners: [")
    await scene.service.end("SIGUSR2")
    await scene.service.start({ environment: { CAMERAS_FILE: camerasFile } })
    expect(scene.service.alive).toBe(false)
    expect(scene.service.log).toContain(`vigia: CAMERAS_FILE ${camerasFile}, line 1: not YAML`)
    expect(names.map((name) => scene.runs(name))).toEqual(runs.map((run) => [run]))

    await scene.service.start()
    await scene.records(...names)
    expect(names.map((name) => scene.run(name))).toEqual(runs)
  })

  it("says why and leaves nothing behind where nothing was recorded", async () => {
    const camerasFile = join(scene.service.directory, "no-such-file.yaml")
    const service = await VigiaService.make({ environment: { CAMERAS_FILE: camerasFile } })
    try {
      await service.start()
      expect(await service.end()).toBe(1)
      expect(service.log).toContain(`vigia: CAMERAS_FILE ${camerasFile} cannot be read: ENOENT`)
      expect(guardsOf(service.recordingDirectory)).toEqual([])
    } finally {
      await service.remove()
    }
  })
})

describe("a request that comes while the service starts", () => {
  it("is refused, not forgotten", async () => {
    const secondRunId = scene.startSecond("first")
    const second = await awaitFact("a second run of one camera", () =>
      scene.runs("first").find(({ runId }) => runId === secondRunId),
    )
    await scene.service.end("SIGKILL")
    // The start takes as long as it takes to end this one.
    signalProcess(second, "SIGSTOP")
    const port = await freePort()
    scene.service.spawn({ environment: { PORT: String(port) } })
    const stop = () =>
      fetch(`http://127.0.0.1:${port}/api/recording/stop`, {
        method: "POST",
        body: JSON.stringify({ camera_id: scene.id("second") }),
        headers: { "content-type": "application/json" },
      }).then(
        ({ status }) => status,
        () => null,
      )
    const accepted = await awaitFact("the request is accepted", async () => (await stop()) === 200)
    expect(accepted).toBe(true)
    await scene.service.ready()
    await awaitFact("the camera has stopped", async () => (await scene.status("second")).state === "stopped")
    await awaitFact("its run has ended", () => scene.runs("second").length === 0)
  })
})

describe("a run that cannot begin", () => {
  it("leaves no log behind, however often it is tried", async () => {
    const { service } = scene
    await service.request("POST", "/api/recording/stop", { camera_id: scene.id("first") })
    await awaitFact("no run is left", () => service.runs().length === 0)
    const runs = join(service.recordingDirectory, `cam_${scene.id("first")}`, ".runs")
    rmSync(runs, { recursive: true })
    writeFileSync(runs, "in the way")
    await service.request("POST", "/api/recording/start", { camera_id: scene.id("first") })
    await awaitFact("several tries", () => service.log.split("-> backoff").length > 4)
    expect(readdirSync(join(service.stateDirectory, "runs")).length).toBeLessThan(2)
  })
})
