import { execFile } from "node:child_process"
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allPids, commandLineOf, processStartTicks } from "../../src/recorder/processes.ts"
import { LeftScene } from "./LeftScene.ts"

const run = promisify(execFile)

let scene: LeftScene
let stateDirectory: string

/** The processes that name the directories of the service: programs by pid. */
const processes = (): ReadonlyMap<number, string> =>
  new Map(
    allPids().flatMap((pid) => {
      const commandLine = commandLineOf(pid) ?? []
      const isOurs = commandLine.some(
        (word) => word.includes(scene.service.directory) || word.includes(stateDirectory),
      )
      return isOurs && processStartTicks(pid) !== null ? [[pid, basename(commandLine[0] ?? "")]] : []
    }),
  )

const pidsOf = (program: string): ReadonlyArray<number> =>
  [...processes()].flatMap(([pid, name]) => (name === program ? [pid] : []))

beforeAll(async () => {
  stateDirectory = realpathSync(mkdtempSync(join(tmpdir(), "vigia-handover-")))
  // The user of PostgreSQL must be able to enter it; a private one would have the data elsewhere.
  chmodSync(stateDirectory, 0o711)
  // Its own database, which no server of the tests stands in for.
  const environment = { POSTGRES_HOST: "", RECORDING_STATE_DIR: stateDirectory }
  scene = await LeftScene.open(["handed"], [], environment)
})

afterAll(async () => {
  await scene?.close()
  rmSync(stateDirectory, { recursive: true, force: true })
})

describe("npm run handover", () => {
  it("ends the service alone: FFmpeg and its own PostgreSQL go on, and the next start takes over both", async () => {
    const recorder = scene.run("handed")
    const postmaster = pidsOf("postgres")
    expect(postmaster).toHaveLength(1)

    const { stdout } = await run(process.execPath, [resolve("src/handover.ts")], {
      env: {
        PATH: process.env["PATH"],
        RECORDING_DIR: scene.service.recordingDirectory,
        RECORDING_STATE_DIR: stateDirectory,
      },
    })
    process.stdout.write(stdout)
    expect(await scene.service.end()).toBe(0)
    expect(scene.run("handed")).toEqual(recorder)
    expect(pidsOf("postgres")).toEqual(postmaster)
    process.stdout.write(`after the handover: ${[...processes().values()].toSorted().join(", ")}\n`)

    await scene.service.start()
    await scene.records("handed")
    expect(scene.run("handed")).toEqual(recorder)
    expect(pidsOf("postgres")).toEqual(postmaster)
  })
})
