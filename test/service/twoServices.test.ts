import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readPostmaster } from "../../src/storage/embedded/postmaster.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { LeftScene, segmentSeconds } from "./LeftScene.ts"

const names = ["first", "second"]
let scene: LeftScene
let stateDirectory: string
const others: Array<VigiaService> = []

/** Another service on the first one's recordings. */
const makeOther = async (environment: Readonly<Record<string, string>>): Promise<VigiaService> => {
  const other = await VigiaService.make({
    environment: {
      RECORDING_DIR: scene.service.recordingDirectory,
      // Another length of files would have it end the runs that it takes over.
      RECORDING_SEGMENT_DURATION: segmentSeconds,
      ...environment,
    },
  })
  others.push(other)
  return other
}

const sameState = () => ({ POSTGRES_HOST: "", RECORDING_STATE_DIR: stateDirectory })
const postmaster = () => readPostmaster(realpathSync(join(stateDirectory, "postgres")))

beforeAll(async () => {
  // Its own database, which a second service must not touch either. The server's user must be able to enter.
  stateDirectory = mkdtempSync(join(tmpdir(), "vigia-state-"))
  chmodSync(stateDirectory, 0o755)
  scene = await LeftScene.open(names, [], sameState())
})

afterAll(async () => {
  for (const other of others) await other.remove()
  await scene?.close()
  rmSync(stateDirectory, { recursive: true, force: true })
})

describe("a second service on the same directories (invariant 7)", () => {
  it("names the first one and exits 15 s later at most; the first one notices nothing", async () => {
    const runs = names.map((name) => scene.run(name))
    const database = postmaster()
    const [same, otherState] = await Promise.all([makeOther(sameState()), makeOther({})])
    for (const other of [same, otherState]) other.spawn()
    await awaitFact("one finds the locks taken", () => same.log.includes("trying for 10 seconds"))
    const fromMillis = performance.now()
    await Promise.all([same.ready(), otherState.ready()])
    const seconds = (performance.now() - fromMillis) / 1000
    process.stdout.write(`a second service gives up ${seconds.toFixed(1)} s after it was refused\n`)
    expect(seconds).toBeLessThan(15)
    for (const other of [same, otherState]) {
      expect(other.alive).toBe(false)
      expect(await other.end()).toBe(1)
      expect(other.log.trimEnd().split("\n").at(-1)).toMatch(
        new RegExp(
          `^vigia: ${scene.service.recordingDirectory} is in use by the service with pid ${scene.service.pid} on host ${hostname()}, started at 2\\S+Z$`,
        ),
      )
    }
    expect(scene.service.alive).toBe(true)
    expect(names.map((name) => scene.run(name))).toEqual(runs)
    expect(postmaster()).toEqual(database)
    await scene.records(...names)
    for (const name of names) {
      // The only gap is that before the first frame of all.
      expect((await scene.coverage(name)).spans.filter(({ kind }) => kind === "gap").slice(1)).toEqual([])
      expect(scene.lostFrames(name)).toBe(0)
    }
  })

  it("takes the runs over when it waits while the first one hands over", async () => {
    const runs = names.map((name) => scene.run(name))
    const next = await makeOther(sameState())
    next.spawn()
    await awaitFact("the next one waits", () => next.log.includes("trying for 10 seconds"))
    const handover = spawnSync(process.execPath, [resolve("src/handover.ts")], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], RECORDING_DIR: scene.service.recordingDirectory },
    })
    expect(handover.stderr).toBe("")
    expect(handover.stdout).toMatch(
      /^handed over in \d\.\d s: 2 runs go on recording; start the next version within 600 s\n$/,
    )
    expect(await scene.service.end()).toBe(0)
    await next.ready()
    expect(next.alive).toBe(true)
    expect(names.map((name) => scene.run(name))).toEqual(runs)
    expect(await next.end()).toBe(0)
    expect(scene.service.runs()).toEqual([])
  })
})
