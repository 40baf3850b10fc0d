import { execFileSync } from "node:child_process"
import { appendFileSync, existsSync, mkdirSync, rmSync, statfsSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { CoverageAnswer, StatusAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"

const canMount = process.getuid?.() === 0
const cameras = [1, 2, 3, 4, 5]
const mebibyte = 2 ** 20
const reserveBytes = 3 * mebibyte
/** Rows of so many closed files of a camera may still wait for the disk or the database: they are in use, and passed over. */
const filesInUse = 4
/** Of each camera, so that the oldest of Ben's that nothing uses are more than have to go. */
const closedFiles = filesInUse + 5

const Row = Schema.Struct({ id: Schema.Int, camera_id: Schema.Int, file_path: Schema.String })
const Rows = Schema.Array(Row)
const StorageAnswer = Schema.Struct({
  disk: Schema.Struct({
    total_bytes: Schema.Int,
    free_bytes: Schema.Int,
    reserve_bytes: Schema.Int,
    state: Schema.String,
    recording_stopped: Schema.Boolean,
  }),
  owners: Schema.Array(
    Schema.Struct({
      bytes: Schema.Int,
      recordings: Schema.Int,
      quota_bytes: Schema.NullOr(Schema.Int),
      cameras: Schema.Array(Schema.Struct({ id: Schema.Int, bytes: Schema.Int })),
    }),
  ),
})

let simulator: SimulatorProcess
let service: VigiaService
let startedAtMillis: number

const status = async (id: number) =>
  Schema.decodeUnknownSync(StatusAnswer)((await service.request("GET", `/api/recording/status/${id}`)).body)
const storage = async () =>
  Schema.decodeUnknownSync(StorageAnswer)((await service.request("GET", "/api/storage")).body)
const closed = async () =>
  Schema.decodeUnknownSync(Rows)(
    await service.rows(
      "SELECT id, camera_id, file_path FROM recordings WHERE state = 'closed' ORDER BY end_time",
    ),
  )
const freeBytes = () => {
  const { bavail, bsize } = statfsSync(service.recordingDirectory)
  return bavail * bsize
}
const filler = () => join(service.recordingDirectory, "filler")
/** Another writer takes all but so much of the disk. */
const fillUpTo = (leftBytes: number) => {
  const size = freeBytes() - leftBytes
  if (size > 0) appendFileSync(filler(), Buffer.alloc(size))
}
const allRecord = async () => (await Promise.all(cameras.map(status))).every((one) => one.is_recording)
const coverageOf = async (id: number) => {
  const range = `from=${new Date(startedAtMillis).toISOString()}&to=${new Date().toISOString()}`
  const { body } = await service.request("GET", `/api/cameras/${id}/coverage?${range}`)
  return Schema.decodeUnknownSync(CoverageAnswer)(body).spans
}

// mount(2) is for root alone: elsewhere there is no small file system to fill.
describe.skipIf(!canMount)("a disk that another writer fills", () => {
  beforeAll(async () => {
    startedAtMillis = Date.now()
    simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: cameras.map((id) => ({ path: `camera${id}` })),
    })
    service = await VigiaService.make({
      environment: {
        RECORDING_SEGMENT_DURATION: "2",
        // Whoever waited for the backoff would come too late for this test.
        RECORDING_RETRY_INITIAL: "3600",
        RECORDING_RETRY_MAX: "3600",
        RECORDING_DISK_CRITICAL: "100",
        RECORDING_DISK_RESERVE: `${reserveBytes / mebibyte}M`,
      },
    })
    mkdirSync(service.recordingDirectory, { recursive: true })
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "vigia-test", service.recordingDirectory])
    await service.start()
    for (const name of ["Ana", "Ben"]) await service.request("POST", "/api/owners", { name, plan: "basic" })
    for (const id of cameras) {
      // Ana has one camera, Ben the other four.
      const owner_id = id === 1 ? 1 : 2
      const url = simulator.camera(`camera${id}`).url
      await service.request("POST", "/api/cameras", { owner_id, name: `camera ${id}`, url })
    }
    await awaitFact("all cameras record", allRecord)
    await awaitFact("each has closed some files", async () => {
      const files = await closed()
      return cameras.every((id) => files.filter((file) => file.camera_id === id).length >= closedFiles)
    })
  })

  afterAll(async () => {
    await service.end()
    execFileSync("umount", [service.recordingDirectory])
    await service.remove()
    await simulator.stop()
  })

  it("loses the oldest recordings of who uses most, and no protected one; recording goes on", async () => {
    const before = await closed()
    const oldest = before.find(({ camera_id }) => camera_id === 2)
    await service.rows(`UPDATE recordings SET is_protected = true WHERE id = ${oldest?.id} RETURNING id`)
    const [ana, ben] = (await storage()).owners
    expect([ana?.recordings, ben?.recordings].every((count) => (count ?? 0) > 4)).toBe(true)
    const pids = service.runs().map(({ pid }) => pid)
    // Freeing what is needed takes some, not all, of Ben's files.
    fillUpTo(reserveBytes)
    await awaitFact("there is room again", () => freeBytes() > reserveBytes * 1.1)
    expect(existsSync(join(service.recordingDirectory, oldest?.file_path ?? ""))).toBe(true)
    const left = new Set((await closed()).map(({ id }) => id))
    const gone = before.filter(({ id }) => !left.has(id))
    expect(gone.length).toBeGreaterThan(0)
    expect(gone.map(({ camera_id }) => camera_id)).not.toContain(1)
    const evictable = before.filter(({ id, camera_id }) => camera_id !== 1 && id !== oldest?.id)
    const mayBeInUse = new Set(
      cameras.flatMap((camera) => before.filter((file) => file.camera_id === camera).slice(-filesInUse)),
    )
    const asked = evictable.slice(0, evictable.findIndex(({ id }) => id === gone.at(-1)?.id) + 1)
    expect(asked.filter((file) => left.has(file.id) && !mayBeInUse.has(file))).toEqual([])
    for (const { file_path } of gone) {
      expect(existsSync(join(service.recordingDirectory, file_path))).toBe(false)
    }
    expect(service.log).toContain("evicted recordings: the disk is too full")
    expect(service.runs().map(({ pid }) => pid)).toEqual(pids)
    expect(await allRecord()).toBe(true)
  })

  it("is told who may use how much of it", async () => {
    for (const quota_bytes of [0, 1.5, "5G", -1]) {
      expect((await service.request("PATCH", "/api/cameras/1", { quota_bytes })).status).toBe(400)
      expect((await service.request("PATCH", "/api/owners/1", { quota_bytes })).status).toBe(400)
    }
    expect(await service.request("PATCH", "/api/owners/1", { quota_bytes: 2 ** 40 })).toMatchObject({
      status: 200,
      body: { quota_bytes: 2 ** 40, name: "Ana" },
    })
    expect(await service.request("PATCH", "/api/cameras/1", { quota_bytes: null })).toMatchObject({
      body: { quota_bytes: null },
    })
    const owner = { name: "Cleo", plan: "pro", quota_bytes: 7 }
    expect(await service.request("POST", "/api/owners", owner)).toMatchObject({ body: owner })
    expect((await storage()).owners.map(({ quota_bytes }) => quota_bytes)).toEqual([2 ** 40, null, 7])
  })

  it("evicts what is over a quota, and goes on recording", async () => {
    const used = async () =>
      (await storage()).owners.flatMap((owner) => owner.cameras).find(({ id }) => id === 5)?.bytes ?? 0
    const quota_bytes = 200_000
    await awaitFact("the camera is over it", async () => (await used()) > quota_bytes)
    await service.request("PATCH", "/api/cameras/5", { quota_bytes })
    await awaitFact("the camera is within its quota", async () => (await used()) <= quota_bytes)
    await service.request("PATCH", "/api/cameras/5", { quota_bytes: null })
    expect(service.log).toContain("evicted recordings: they were over their quota")
    expect((await status(5)).is_recording).toBe(true)
  })

  it("without anything that may go ends recording at the reserve, until there is room", async () => {
    // All that is there, and what is being written.
    const kept = Schema.decodeUnknownSync(Rows)(
      await service.rows("UPDATE recordings SET is_protected = true RETURNING id, camera_id, file_path"),
    )
    // More than is recorded until the disk is looked at again: it never gets full.
    fillUpTo(reserveBytes * 0.75)
    await awaitFact("no camera records", async () => service.runs().length === 0)
    expect((await storage()).disk).toMatchObject({ state: "critical", recording_stopped: true })
    await awaitFact("the cause is the disk", async () =>
      (await Promise.all(cameras.map(status))).every(({ cause }) => cause === "disk_full"),
    )
    expect(freeBytes()).toBeGreaterThan(0)
    expect(service.log).toContain("the reserve of the disk is reached")

    // No run of FFmpeg failed.
    expect((await Promise.all(cameras.map(status))).map(({ alerts }) => alerts)).toEqual(
      cameras.map(() => []),
    )
    rmSync(filler())
    await awaitFact("all cameras record again", allRecord)
    expect(service.alive).toBe(true)
    expect((await storage()).disk.recording_stopped).toBe(false)
    for (const { file_path } of kept) {
      expect(existsSync(join(service.recordingDirectory, file_path))).toBe(true)
    }
    for (const id of cameras) {
      const spans = await coverageOf(id)
      const causes = spans.flatMap(({ cause }) => cause ?? [])
      expect(causes).toContain("disk_full")
      expect(causes).not.toContain("unknown")
      expect(spans.at(-1)?.kind).toBe("recorded")
    }
  })
})
