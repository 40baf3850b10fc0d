import { type ChildProcess, spawn } from "node:child_process"
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { LivingRun } from "../../src/recorder/livingRuns.ts"
import { isProcessAlive, processStartTicks, signalProcess } from "../../src/recorder/processes.ts"
import { type RunRecord, writeRunRecord } from "../../src/recorder/runRecord.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { adoptionLines } from "./adoptionLines.ts"
import { LeftScene } from "./LeftScene.ts"

const adopted = ["untouched", "foreign", "cut", "lost"]
const ended = ["deleted", "disabled"]
const replaced = ["moved", "transported", "died", "undead"]
const names = [...adopted, ...ended, ...replaced, "doubled"]

let scene: LeftScene
const before = new Map<string, LivingRun>()
const sleeper = { child: spawn("sleep", ["600"], { stdio: "ignore" }), strayRecords: ["", ""] }
let zombieParent: ChildProcess
let secondRunId: string
/** When the last frame on disk was sent to a run that died. */
const diedAfterMillis = new Map<string, number>()
/** Frames of `doubled` that were on disk before the start. */
let doubledFrames: ReadonlySet<number>

const runBefore = (name: string): LivingRun => {
  const run = before.get(name)
  if (run === undefined) throw new Error(`${name} had no run`)
  return run
}

const recordOf = (name: string): RunRecord => {
  const record = scene.record(runBefore(name).runId)
  if (record === null) throw new Error(`the run of ${name} has no record`)
  return record
}

const write = (record: RunRecord): string => {
  writeRunRecord(scene.service.stateDirectory, record)
  return record.runId
}

/** A process whose exit status nobody collects. */
const makeZombie = async (): Promise<number> => {
  // It ends when its parent is no shell any more: that one would collect it.
  const child = `sh -c 'until [ "$(cat /proc/$PPID/comm)" = sleep ]; do :; done'`
  zombieParent = spawn("sh", ["-c", `${child} & echo $!; exec sleep 600`], {
    stdio: ["ignore", "pipe", "ignore"],
  })
  const pid = await new Promise<number>((told) =>
    zombieParent.stdout?.once("data", (text: Buffer) => told(Number(text.toString()))),
  )
  await awaitFact("the process is a zombie", () => / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")))
  return pid
}

const camerasFile = () => {
  const path = join(scene.service.directory, "cameras.yaml")
  const moved = `{ name: moved, url: "${scene.camera("elsewhere").url}" }`
  const transported = `{ name: transported, url: "${scene.camera("transported").url}", transport: udp }`
  writeFileSync(path, `owners: [{ name: Left, plan: basic, cameras: [${moved}, ${transported}] }]\n`)
  return path
}

beforeAll(async () => {
  scene = await LeftScene.open(names, ["elsewhere"])
  for (const name of names) before.set(name, scene.run(name))
  await scene.service.end("SIGKILL")

  const identity = { pid: sleeper.child.pid ?? 0, ticks: processStartTicks(sleeper.child.pid ?? 0) ?? "" }
  const foreign = { ...recordOf("foreign"), pid: identity.pid, processStartTicks: identity.ticks }
  write(foreign)
  sleeper.strayRecords = [
    write({ ...foreign, runId: crypto.randomUUID() }),
    write({ ...foreign, runId: crypto.randomUUID(), processStartTicks: "17" }),
  ]
  LeftScene.halve(scene.recordPath(runBefore("cut").runId))
  rmSync(scene.recordPath(runBefore("lost").runId))
  const end = `recording_enabled = false WHERE id =`
  await scene.service.rows(
    `UPDATE cameras SET deleted_at = now(), ${end} ${scene.id("deleted")} RETURNING id`,
  )
  await scene.service.rows(`UPDATE cameras SET ${end} ${scene.id("disabled")} RETURNING id`)

  for (const name of ["died", "undead"]) {
    signalProcess(runBefore(name), "SIGKILL")
    await awaitFact("the run is gone", () => !isProcessAlive(runBefore(name)))
    diedAfterMillis.set(name, scene.stamps(name).at(-1)?.sentAtMillis ?? 0)
  }
  const zombie = await makeZombie()
  write({
    ...recordOf("undead"),
    pid: zombie,
    processStartTicks: readFileSync(`/proc/${zombie}/stat`, "utf8").split(" ")[21] ?? "",
  })

  secondRunId = scene.startSecond("doubled")
  await awaitFact("a second run of one camera writes", () => scene.stamps("doubled").length > 200)
  doubledFrames = new Set(scene.stamps("doubled").map(({ sequence }) => sequence))

  await scene.service.start({ environment: { CAMERAS_FILE: camerasFile() } })
  await scene.records(...adopted, ...replaced, "doubled")
}, 90_000)

afterAll(async () => {
  sleeper.child.kill("SIGKILL")
  zombieParent?.kill("SIGKILL")
  await scene?.close()
})

describe("a start of the service that finds runs of an earlier life", () => {
  it("adopts a run, and says so once", () => {
    const { pid, runId } = runBefore("untouched")
    expect(scene.run("untouched")).toEqual(runBefore("untouched"))
    const said = adoptionLines(scene.service.log).filter((line) => line.cameraId === scene.id("untouched"))
    expect(said).toEqual([{ cameraId: scene.id("untouched"), pid, runId }])
  })

  it.each(["foreign", "cut", "lost"])("adopts a run whose record is %s, and writes it anew", (name) => {
    const { pid, processStartTicks: ticks, runId } = runBefore(name)
    expect(scene.run(name)).toEqual(runBefore(name))
    expect(scene.record(runId)).toMatchObject({ pid, processStartTicks: ticks, runId })
  })

  it("does not touch a foreign process that a record names, also not by a reused pid, and removes the record", () => {
    expect(sleeper.child.exitCode ?? sleeper.child.signalCode).toBeNull()
    expect(sleeper.strayRecords.map((runId) => scene.record(runId))).toEqual([null, null])
  })

  it.each(ended)("ends the run of a camera that was %s meanwhile, and settles its files", async (name) => {
    await awaitFact("the run has ended", () => !isProcessAlive(runBefore(name)))
    expect(await scene.settled(name, false)).toBeGreaterThan(0)
    expect(globSync(`${scene.service.recordingDirectory}/cam_${scene.id(name)}/.runs/*`)).toEqual([])
    expect(scene.record(runBefore(name).runId)).toBeNull()
  })

  it("leaves a camera that was disabled meanwhile stopped, without a gap", async () => {
    expect((await scene.status("disabled")).state).toMatch(/idle|stopped/)
    const { spans } = await scene.coverage("disabled")
    expect(spans.at(-1)?.kind).toBe("stopped")
    expect(spans.filter(({ kind }) => kind === "gap").map(({ cause }) => cause)).toEqual(["starting"])
  })

  it.each(["moved", "transported"])("replaces the run of a camera that was %s meanwhile", async (name) => {
    expect(isProcessAlive(runBefore(name))).toBe(false)
    expect(scene.run(name).runId).not.toBe(runBefore(name).runId)
    expect(await scene.settled(name, true)).toBeGreaterThan(0)
    const { spans } = await scene.coverage(name)
    const causes = spans.filter(({ kind }) => kind !== "recorded").map(({ cause }) => cause)
    process.stdout.write(`${name} while the service was down: gaps ${causes.join(", ")}\n`)
    expect(causes.filter((cause) => cause !== "starting" && cause !== "reconfigured")).toEqual([])
  })

  it("records what the changed settings say", async () => {
    expect((await scene.camera("elsewhere").counters()).plays).toBeGreaterThan(0)
    expect(scene.run("transported").arguments).toContain("udp")
  })

  it.each(["died", "undead"])("settles a run that is %s, and accounts for the time since", async (name) => {
    expect(scene.run(name).runId).not.toBe(runBefore(name).runId)
    expect(await scene.settled(name, true)).toBeGreaterThan(0)
    const { spans } = await scene.coverage(name)
    const gaps = spans.filter(({ kind }) => kind === "gap").slice(1)
    expect(["service_down", "process_crashed"]).toContain(gaps[0]?.cause)
    expect(gaps.map(({ cause }) => cause)).not.toContain("unknown")
    expect(Math.abs(Date.parse(gaps[0]?.from ?? "") - (diedAfterMillis.get(name) ?? 0))).toBeLessThan(500)
  })

  it("goes on with one of two runs of a camera, and keeps what both wrote", async () => {
    await awaitFact("one run is left", () => scene.runs("doubled").length === 1)
    const candidates = [runBefore("doubled").runId, secondRunId]
    expect(candidates).toContain(scene.run("doubled").runId)
    expect(await scene.settled("doubled", true)).toBeGreaterThan(0)
    const kept = new Set(scene.stamps("doubled").map(({ sequence }) => sequence))
    expect([...doubledFrames].filter((sequence) => !kept.has(sequence))).toEqual([])
    expect((await scene.rows("doubled")).length).toBe(2)
    const { spans } = await scene.coverage("doubled")
    expect(spans.filter(({ kind }) => kind === "gap").map(({ cause }) => cause)).toEqual(["starting"])
  })
})

describe("an adopted run", () => {
  it("is ended in order when its camera is stopped", async () => {
    await scene.service.request("POST", "/api/recording/stop", { camera_id: scene.id("cut") })
    await awaitFact("the camera has stopped", () => !isProcessAlive(runBefore("cut")))
    expect(await scene.settled("cut", false)).toBe(1)
    expect(scene.lostFrames("cut")).toBe(0)
    expect(scene.record(runBefore("cut").runId)).toBeNull()
  })

  it("is replaced when its camera gets another URL", async () => {
    const { plays } = await scene.camera("elsewhere").counters()
    const url = scene.camera("elsewhere").url
    await scene.service.request("PATCH", `/api/cameras/${scene.id("lost")}`, { url })
    await awaitFact("the old run has ended", () => !isProcessAlive(runBefore("lost")))
    await awaitFact("another run records", () => scene.runs("lost").length === 1)
    await scene.records("lost")
    expect((await scene.camera("elsewhere").counters()).plays).toBeGreaterThan(plays)
    expect(await scene.settled("lost", true)).toBe(1)
  })

  it("is replaced at a start with other recording settings, and only then", async () => {
    const run = scene.run("untouched")
    await scene.service.end("SIGUSR2")
    await scene.service.start()
    await scene.records("untouched")
    expect(scene.run("untouched")).toEqual(run)
    await scene.service.end("SIGKILL")
    await scene.service.start({ environment: { RECORDING_SEGMENT_DURATION: "30" } })
    await awaitFact("the run is another one", () => {
      const [now] = scene.runs("untouched")
      return now !== undefined && now.runId !== run.runId && !isProcessAlive(run)
    })
    expect(scene.run("untouched").arguments).toContain("30")
    await scene.records("untouched")
  })
})
