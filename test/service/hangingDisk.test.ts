import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { RecordingsAnswer } from "./apiAnswers.ts"
import { childrenOf, isProcessAlive } from "./processes.ts"
import { RecordingFixture } from "./RecordingFixture.ts"

/** How long the disk hangs: longer than a commit waits, and long enough to be told of. */
const hangMillis = 8_000

let fixture: RecordingFixture

beforeAll(async () => {
  fixture = await RecordingFixture.start({
    RECORDING_SYNC_INTERVAL: "0.5",
    // No file is to be cut meanwhile: at a full hour a camera would have two.
    RECORDING_SEGMENT_DURATION: "86400",
  })
})
afterAll(() => fixture.stop())

/** The processes of the service that sync. */
const syncers = (): ReadonlyArray<number> =>
  childrenOf(fixture.service.pid).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("vigia-sync"),
  )

const rowsOf = async (cameraId: number) => {
  const { body } = await fixture.service.request("GET", `/api/recordings?camera_id=${cameraId}`)
  return Schema.decodeUnknownSync(RecordingsAnswer)(body).recordings
}

const endOf = async (cameraId: number): Promise<number> =>
  Math.max(0, ...(await rowsOf(cameraId)).map(({ end_time }) => Date.parse(end_time)))

const Readiness = Schema.Struct({
  status: Schema.String,
  sync: Schema.Struct({
    in_flight: Schema.Int,
    slowest_seconds: Schema.Finite,
    skipped: Schema.Int,
    failed: Schema.Int,
  }),
})
const readiness = async () => {
  const { body } = await fixture.service.request("GET", "/readyz")
  return Schema.decodeUnknownSync(Readiness)(body)
}

const count = (line: string): number => fixture.service.log.split(line).length - 1

describe("a disk that hangs when it is synced", () => {
  it("delays no fragment, no request and no row but those of new files, which follow", async () => {
    const early = await fixture.addRecording()
    await awaitFact("the camera has a row", async () => (await rowsOf(early)).length === 1)
    const pids = await awaitFact("both sync processes run", () => (syncers().length === 2 ? syncers() : null))
    for (const pid of pids) process.kill(pid, "SIGSTOP")
    const frozenAt = performance.now()
    const before = await endOf(early)
    const late = await fixture.addRecording()

    let slowestMillis = 0
    while (performance.now() - frozenAt < hangMillis) {
      const askedAt = performance.now()
      expect((await fixture.service.request("GET", "/healthz")).status).toBe(200)
      expect(await fixture.status(early)).toMatchObject({ is_recording: true })
      slowestMillis = Math.max(slowestMillis, performance.now() - askedAt)
      expect(await rowsOf(late)).toEqual([])
      expect(syncers()).toEqual(pids)
      await new Promise((passed) => setTimeout(passed, 100))
    }
    // Far below the time of the hang, far above what a busy machine needs.
    expect(slowestMillis).toBeLessThan(2_000)
    expect(await fixture.status(late)).toMatchObject({ is_recording: true, state: "recording" })
    expect((await endOf(early)) - before).toBeGreaterThan(hangMillis / 2)
    await awaitFact("both slow syncs were told of", () => count("takes longer than 5 s") === 2)
    expect(await readiness()).toMatchObject({ status: "ready", sync: { in_flight: 2, failed: 0 } })
    expect((await readiness()).sync.skipped).toBeGreaterThan(5)

    for (const pid of pids) process.kill(pid, "SIGCONT")
    await awaitFact("the late camera has its row", async () => (await rowsOf(late)).length === 1)
    await awaitFact("both are over", () => count("the slow sync is over") === 2)
    expect(syncers()).toEqual(pids)
    expect((await readiness()).sync.slowest_seconds).toBeGreaterThan(5)
    expect(count("recordings do not reach the disk")).toBe(0)
  })

  it("replaces a process that was killed, and goes on recording", async () => {
    const pids = await awaitFact("both sync processes run", () => (syncers().length === 2 ? syncers() : null))
    for (const pid of pids) process.kill(pid, "SIGKILL")
    await awaitFact("the periodic one was replaced", () => syncers().some((pid) => !pids.includes(pid)))
    const late = await fixture.addRecording()
    await awaitFact("a new camera has its row", async () => (await rowsOf(late)).length === 1)
    expect(syncers().length).toBe(2)
    expect(count("-> backoff")).toBe(0)
  })

  it("ends its processes with the service, when it is killed and when it is stopped", async () => {
    const killed = syncers()
    expect(killed).toHaveLength(2)
    await fixture.service.end("SIGKILL")
    await awaitFact("both are gone", () => !killed.some(isProcessAlive))
    await fixture.service.start()
    const pids = await awaitFact("both sync processes run", () => (syncers().length === 2 ? syncers() : null))
    process.kill(pids[0] ?? 0, "SIGSTOP")
    expect(await fixture.service.end("SIGTERM")).toBe(0)
    await awaitFact("both are gone", () => !pids.some(isProcessAlive))
  })
})
