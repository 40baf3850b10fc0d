import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { endProcess } from "../../src/recorder/endProcess.ts"
import { findLeftRuns } from "../../src/recorder/leftRuns.ts"
import { findLivingRuns, isRecorded, type LivingRun } from "../../src/recorder/livingRuns.ts"
import {
  isProcessAlive,
  processStartTicks,
  readHostIdentity,
  signalProcess,
} from "../../src/recorder/processes.ts"
import { hashArguments, type RunRecord, writeRunRecord } from "../../src/recorder/runRecord.ts"
import { runDirectoryOf } from "../../src/recorder/segments/runFiles.ts"

let directory = ""
let recordings = ""
const children: Array<ChildProcess> = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "vigia-living-"))
  recordings = join(directory, "recordings")
})

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const gone = new Promise((resolve) => child.once("exit", resolve))
    child.kill("SIGKILL")
    await gone
  }
  rmSync(directory, { recursive: true })
})

/** A process with the command line of a run; `script` is what it does. */
const standIn = async (cameraId: number, runId: string, script = "setInterval(() => {}, 1000)") => {
  const runDirectory = runDirectoryOf(recordings, cameraId, runId)
  mkdirSync(runDirectory, { recursive: true })
  const child = spawn(
    process.execPath,
    ["-e", `${script}; process.stdout.write("ready")`, `${runDirectory}/%06d.mp4`],
    { stdio: ["ignore", "pipe", "ignore"] },
  )
  children.push(child)
  await new Promise((resolve) => child.stdout.once("data", resolve))
  return child
}

const recordOf = (run: LivingRun): RunRecord => ({
  ...readHostIdentity(),
  runId: run.runId,
  cameraId: run.cameraId,
  pid: run.pid,
  processStartTicks: run.processStartTicks,
  directory: run.directory,
  startedAtMillis: 0,
  argumentsHash: hashArguments(run.arguments),
})

const only = (): LivingRun => {
  const [run] = findLivingRuns(recordings)
  if (run === undefined) throw new Error("no living run was found")
  return run
}

describe("findLivingRuns", () => {
  it("finds what records into the directory, by its command line alone", async () => {
    const runId = crypto.randomUUID()
    const child = await standIn(7, runId)
    expect(findLivingRuns(recordings)).toMatchObject([{ pid: child.pid, cameraId: 7, runId }])
  })

  it("finds nothing of other directories, whatever the command line says", async () => {
    await standIn(7, crypto.randomUUID())
    expect(findLivingRuns(join(directory, "elsewhere"))).toEqual([])
  })

  it("finds none whose run directory is gone", async () => {
    const runId = crypto.randomUUID()
    await standIn(7, runId)
    rmSync(runDirectoryOf(recordings, 7, runId), { recursive: true })
    expect(findLivingRuns(recordings)).toEqual([])
  })
})

describe("isRecorded", () => {
  it("holds only where boot, namespace, pid, start time, camera and command agree", async () => {
    await standIn(7, crypto.randomUUID())
    const run = only()
    const record = recordOf(run)
    expect(isRecorded(run, record)).toBe(true)
    expect(isRecorded(run, null)).toBe(false)
    const others: ReadonlyArray<Partial<RunRecord>> = [
      { bootId: "another" },
      { pidNamespace: "pid:[1]" },
      { pid: run.pid + 1 },
      { processStartTicks: "1" },
      { cameraId: 8 },
      { argumentsHash: hashArguments(["another"]) },
    ]
    for (const other of others) expect(isRecorded(run, { ...record, ...other })).toBe(false)
  })
})

describe("findLeftRuns", () => {
  it("keeps one run of a camera: the recorded one, before the younger", async () => {
    const [recorded, younger] = [crypto.randomUUID(), crypto.randomUUID()]
    await standIn(1, recorded)
    writeRunRecord(directory, recordOf(only()))
    await standIn(1, younger)
    const { living, surplus } = findLeftRuns(recordings, directory, () => false)
    expect(living.get(1)?.runId).toBe(recorded)
    expect(surplus.map(({ runId }) => runId)).toEqual([younger])
  })

  it("keeps none in a directory that is set aside", async () => {
    const [own, foreign] = [crypto.randomUUID(), crypto.randomUUID()]
    await standIn(1, own)
    await standIn(2, foreign)
    const { living, surplus } = findLeftRuns(recordings, directory, (cameraId) => cameraId === 2)
    expect([...living.values()].map(({ runId }) => runId)).toEqual([own])
    expect(surplus.map(({ runId }) => runId)).toEqual([foreign])
  })
})

describe("a process that is not our child", () => {
  it("is not signalled once another has its pid", async () => {
    const child = await standIn(1, crypto.randomUUID())
    const identity = only()
    expect(signalProcess({ ...identity, processStartTicks: "1" }, "SIGKILL")).toBe(false)
    expect(isProcessAlive(identity)).toBe(true)
    expect(child.signalCode).toBeNull()
  })

  it("is ended by KILL when it ignores TERM", async () => {
    const child = await standIn(
      1,
      crypto.randomUUID(),
      'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)',
    )
    const identity = only()
    const times = { secondTermAfterMillis: 50, killAfterMillis: 100 }
    await Effect.runPromise(endProcess(identity, times))
    expect(processStartTicks(identity.pid)).toBeNull()
    expect(child.exitCode).toBeNull()
  })
})
