import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { GapRow, RecordingRow } from "../../../src/storage/accounting/rows.ts"
import { Durability } from "../../../src/storage/durability/Durability.ts"
import { RecordingsDirectory } from "../../../src/storage/RecordingsDirectory.ts"
import { SecretBox } from "../../../src/storage/SecretBox.ts"
import { isProcessAlive } from "../../service/processes.ts"
import { awaitFact } from "../../support/awaitFact.ts"

const runId = "5f0c8c0e-5b1c-4f0a-9d0e-2d3a4b5c6d7e"
let root: string
let directory: string
let logged: Array<string>

const row = (second: number, about: Partial<RecordingRow> = {}): RecordingRow => {
  const filePath = `cam_1/2026-01-14/15-00-${String(second).padStart(2, "0")}.mp4`
  writeFileSync(join(directory, filePath), "frames")
  return {
    cameraId: 1,
    filePath,
    startMillis: second * 1000,
    endMillis: second * 1000 + 1000,
    sizeBytes: 6,
    runId,
    segmentNumber: second,
    state: "growing",
    frames: 25,
    missingFrames: 0,
    lostPackets: null,
    damagedFramesAtMost: null,
    fragments: 1,
    videoCodec: "avc1",
    audio: "none",
    ...about,
  }
}
const gap: GapRow = {
  cameraId: 1,
  identity: "outage/1",
  startMillis: 0,
  endMillis: null,
  cause: "starting",
  detail: null,
}
const batchOf = (...recordings: ReadonlyArray<RecordingRow>) => ({ recordings, gaps: [gap], periods: [] })

const withDurability = (
  test: (durability: Durability["Service"]) => Generator<Effect.Effect<unknown, unknown>, void, never>,
): Promise<void> => {
  const layer = Durability.layer.pipe(
    Layer.provide(RecordingsDirectory.layer({ directory, stateDirectory: join(root, "state") })),
    Layer.provide(SecretBox.layer({ stateDirectory: join(root, "state") })),
    Layer.provideMerge(
      Logger.layer([
        Logger.make(({ message }) =>
          logged.push(Array.isArray(message) ? message.join(" ") : String(message)),
        ),
      ]),
    ),
  )
  return Effect.runPromise(
    Effect.flatMap(Durability, (durability) => Effect.gen(() => test(durability))).pipe(
      Effect.provide(layer),
    ),
  )
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vigia-durability-"))
  directory = join(root, "recordings")
  logged = []
})
afterEach(() => rmSync(root, { recursive: true, force: true }))
const makeDay = () => mkdirSync(join(directory, "cam_1/2026-01-14"), { recursive: true })

describe("Durability", () => {
  it("lets rows pass once their files are synced, and syncs again only what says more", () =>
    withDurability(function* (durability) {
      makeDay()
      const batch = batchOf(row(1), row(2))
      expect(yield* durability.committable(batch)).toEqual(batch)
      expect(durability.health().rows.completed).toBe(1)
      expect(yield* durability.committable(batchOf(row(1, { sizeBytes: 900 })))).toMatchObject({
        recordings: [{ sizeBytes: 900 }],
      })
      expect(durability.health().rows.completed).toBe(1)
      const closed = row(1, { state: "closed", sizeBytes: 1000 })
      expect((yield* durability.committable(batchOf(closed))).recordings).toEqual([closed])
      yield* durability.committable(batchOf({ ...closed, endMillis: 9 }))
      expect(durability.health().rows.completed).toBe(2)
      // The run was believed dead: it goes on, and closes its file a second time.
      yield* durability.committable(batchOf(row(1, { sizeBytes: 2000 })))
      yield* durability.committable(batchOf(row(1, { state: "closed", sizeBytes: 3000 })))
      expect(durability.health()).toMatchObject({ rows: { completed: 3, failed: 0, isInFlight: false } })
      expect(durability.health().growing.completed).toBe(0)
    }))

  it("does not hold up the row of a file that is gone: what is missing is found by the repair", () =>
    withDurability(function* (durability) {
      makeDay()
      const gone = { ...row(1), filePath: "cam_1/2026-01-14/23-00-00.mp4" }
      expect((yield* durability.committable(batchOf(gone))).recordings).toEqual([gone])
    }))

  it("holds back the rows of files that cannot be synced, tells once, and lets them pass when they can", () =>
    withDurability(function* (durability) {
      makeDay()
      writeFileSync(join(directory, "cam_2"), "in the way of the directory")
      const stuck = { ...row(1), cameraId: 2, filePath: "cam_2/2026-01-14/15-00-00.mp4" }
      expect(yield* durability.committable(batchOf(stuck))).toEqual(batchOf())
      expect(yield* durability.committable(batchOf(stuck))).toEqual(batchOf())
      expect(durability.health().rows.failed).toBe(2)
      rmSync(join(directory, "cam_2"))
      expect((yield* durability.committable(batchOf(stuck))).recordings).toEqual([stuck])
      expect(logged).toHaveLength(2)
      expect(logged[0]).toMatch(/^recordings do not reach the disk: .*cam_2.*Not a directory/)
      expect(logged[1]).toBe("recordings reach the disk again")
    }))

  it("syncs the file system where single files are too many", () =>
    withDurability(function* (durability) {
      makeDay()
      const rows = Array.from({ length: 59 }, (_, second) => row(second))
      expect((yield* durability.committable(batchOf(...rows))).recordings).toHaveLength(59)
      expect(durability.health().rows.completed).toBe(1)
    }))

  it("waits 2 s for a disk that hangs, then not at all; everything but its rows goes on, and they follow", () =>
    withDurability(function* (durability) {
      makeDay()
      const early = row(1)
      yield* durability.committable(batchOf(early))
      yield* durability.syncGrowing([early], [])
      yield* Effect.promise(() =>
        awaitFact("the growing files are synced", () => durability.health().growing.completed === 1),
      )
      const { growing, rows } = durability.health()
      const pids = [growing.pid ?? 0, rows.pid ?? 0]
      expect(new Set(pids).size).toBe(2)
      for (const pid of pids) process.kill(pid, "SIGSTOP")

      const late = row(2)
      const startedAt = performance.now()
      expect((yield* durability.committable(batchOf(early, late))).recordings).toEqual([early])
      expect(performance.now() - startedAt).toBeGreaterThan(1900)
      expect((yield* durability.committable(batchOf(early, late, row(3)))).recordings).toEqual([early])
      for (let time = 0; time < 3; time += 1) yield* durability.syncGrowing([early], [])
      expect(durability.health()).toMatchObject({
        growing: { isInFlight: true, completed: 1, skipped: 2, pid: pids[0] },
        rows: { isInFlight: true, completed: 1, skipped: 1, pid: pids[1] },
      })
      yield* Effect.promise(() => awaitFact("both are reported as slow", () => logged.length === 2))
      expect(logged.every((line) => line.includes("longer than 5 s"))).toBe(true)
      // The one in flight counts as long as it has taken so far.
      expect(durability.health().rows.recentMillis).toHaveLength(2)
      expect(durability.health().rows.recentMillis[1]).toBeGreaterThan(5000)

      for (const pid of pids) process.kill(pid, "SIGCONT")
      yield* Effect.promise(() =>
        awaitFact(
          "both have answered",
          () => durability.health().rows.completed === 2 && durability.health().growing.completed === 2,
        ),
      )
      expect((yield* durability.committable(batchOf(early, late))).recordings).toEqual([early, late])
      expect(durability.health().rows.slowestMillis).toBeGreaterThan(5000)
      expect(durability.health().rows.recentMillis[1]).toBe(durability.health().rows.slowestMillis)
      expect(logged.filter((line) => line.includes("the slow sync is over"))).toHaveLength(2)
    }))

  it("ends its processes with its scope, also frozen ones", async () => {
    let pids: ReadonlyArray<number> = []
    await withDurability(function* (durability) {
      makeDay()
      yield* durability.committable(batchOf(row(1)))
      yield* durability.syncGrowing([row(1)], [])
      const { growing, rows } = durability.health()
      pids = [growing.pid ?? 0, rows.pid ?? 0]
      expect(pids.every(isProcessAlive)).toBe(true)
      process.kill(pids[0] ?? 0, "SIGSTOP")
    })
    await awaitFact("both are gone", () => !pids.some(isProcessAlive))
  })
})
