import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ClipAnswer } from "../clips/ClipFixture.ts"
import { RecordingsAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { cameras, FilledDisk, reserveBytes, type Row } from "./FilledDisk.ts"

const canMount = process.getuid?.() === 0
/** Rows of so many closed files of a camera may still wait for the disk or the database: they are in use, and passed over. */
const filesInUse = 4
/** Of each camera, so that the oldest of Ben's that nothing uses are more than have to go. */
const closedFiles = filesInUse + 5

const Clips = Schema.Struct({ clips: Schema.Array(ClipAnswer) })

/** The newest files of each camera, which may be in use. */
const mayBeInUse = (files: ReadonlyArray<Row>): ReadonlySet<Row> =>
  new Set(cameras.flatMap((camera) => files.filter((file) => file.camera_id === camera).slice(-filesInUse)))

// mount(2) is for root alone: elsewhere there is no small file system to fill.
describe.skipIf(!canMount)("a disk that another writer fills", () => {
  let disk: FilledDisk
  let clip: ClipAnswer
  let clipBytes: Buffer
  const evictedCameras = new Set<number>()

  beforeAll(async () => {
    disk = await FilledDisk.start()
    await awaitFact("each has closed some files", async () => {
      const files = await disk.closed()
      return cameras.every((id) => files.filter((file) => file.camera_id === id).length >= closedFiles)
    })
    // Of the files that are to go first.
    const { recordings } = await disk.get(RecordingsAnswer, "/api/recordings?camera_id=2&limit=1000")
    const [first, second] = recordings
    const asked = { camera_id: 2, name: "kept", from: first?.start_time, to: second?.end_time }
    const { id } = Schema.decodeUnknownSync(ClipAnswer)(
      (await disk.service.request("POST", "/api/clips", asked)).body,
    )
    clip = await awaitFact("the clip is ready", async () => {
      const now = await disk.get(ClipAnswer, `/api/clips/${id}`)
      return now.state === "ready" ? now : null
    })
    clipBytes = readFileSync(disk.pathOf(clip.file_path ?? ""))
  })

  afterAll(() => disk.remove())

  it("loses the oldest recordings of who uses most, and no protected one; recording goes on", async () => {
    const before = await disk.closed()
    const oldest = before.find(({ camera_id }) => camera_id === 2)
    await disk.rows(
      `UPDATE recordings SET is_protected = true WHERE id = ${oldest?.id} RETURNING id, camera_id, file_path, file_size`,
    )
    const [ana, ben] = (await disk.storage()).owners
    expect([ana?.recordings, ben?.recordings].every((count) => (count ?? 0) > 4)).toBe(true)
    const pids = disk.service.runs().map(({ pid }) => pid)
    // Freeing what is needed takes some, not all, of Ben's files.
    disk.fillUpTo(reserveBytes)
    await awaitFact("there is room again", () => disk.freeBytes() > reserveBytes * 1.1)
    expect(disk.has(oldest?.file_path ?? "")).toBe(true)
    const left = new Set((await disk.closed()).map(({ id }) => id))
    const gone = before.filter(({ id }) => !left.has(id))
    expect(gone.length).toBeGreaterThan(0)
    expect(gone.map(({ camera_id }) => camera_id)).not.toContain(1)
    const evictable = before.filter(({ id, camera_id }) => camera_id !== 1 && id !== oldest?.id)
    const inUse = mayBeInUse(before)
    const asked = evictable.slice(0, evictable.findIndex(({ id }) => id === gone.at(-1)?.id) + 1)
    expect(asked.filter((file) => left.has(file.id) && !inUse.has(file))).toEqual([])
    for (const { file_path, camera_id } of gone) {
      expect(disk.has(file_path)).toBe(false)
      evictedCameras.add(camera_id)
    }
    expect(disk.service.log).toContain("evicted recordings: the disk is too full")
    expect(disk.service.runs().map(({ pid }) => pid)).toEqual(pids)
    expect(await disk.allRecord()).toBe(true)
  })

  it("is told who may use how much of it", async () => {
    const { service } = disk
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
    expect((await disk.storage()).owners.map(({ quota_bytes }) => quota_bytes)).toEqual([2 ** 40, null, 7])
  })

  it("evicts what is over a quota, and goes on recording", async () => {
    const used = async () =>
      (await disk.storage()).owners.flatMap((owner) => owner.cameras).find(({ id }) => id === 5)?.bytes ?? 0
    const quota_bytes = 200_000
    await awaitFact("the camera is over it", async () => (await used()) > quota_bytes)
    await disk.service.request("PATCH", "/api/cameras/5", { quota_bytes })
    await awaitFact("the camera is within its quota", async () => (await used()) <= quota_bytes)
    await disk.service.request("PATCH", "/api/cameras/5", { quota_bytes: null })
    expect(disk.service.log).toContain("evicted recordings: they were over their quota")
    expect((await disk.status(5)).is_recording).toBe(true)
  })

  it("without anything that may go ends recording at the reserve, until there is room", async () => {
    const kept = await disk.protectAll()
    // More than is recorded until the disk is looked at again: it never gets full.
    disk.fillUpTo(reserveBytes * 0.75)
    await awaitFact("no camera records", async () => disk.service.runs().length === 0)
    expect((await disk.storage()).disk).toMatchObject({ state: "critical", recording_stopped: true })
    await awaitFact("the cause is the disk", async () =>
      (await disk.statuses()).every(({ cause }) => cause === "disk_full"),
    )
    expect(disk.freeBytes()).toBeGreaterThan(0)
    expect(disk.service.log).toContain("the reserve of the disk is reached")
    const [alert] = await awaitFact("the alert is raised", async () => {
      const alerts = await disk.criticalAlerts()
      return alerts.length > 0 ? alerts : null
    })
    expect(alert).toMatchObject({ severity: "critical", ended_at: null })
    // Of the disk as it was when the alert began: its reserve was about to be reached, or was.
    expect(alert?.detail).toContain("reserve is")

    // No run of FFmpeg failed.
    expect((await disk.statuses()).map(({ alerts }) => alerts)).toEqual(cameras.map(() => []))
    disk.giveAllBack()
    await awaitFact("all cameras record again", () => disk.allRecord())
    expect(disk.service.alive).toBe(true)
    expect((await disk.storage()).disk.recording_stopped).toBe(false)
    await awaitFact("the alert has ended", async () =>
      (await disk.criticalAlerts()).every(({ ended_at }) => ended_at !== null),
    )
    for (const { file_path } of kept) expect(disk.has(file_path)).toBe(true)
  })

  it("to the brim is recorded on again, when the oldest recordings have made room", async () => {
    const { pid } = disk.service
    await disk.protectAll()
    expect(disk.fillToTheBrim()).toContain("No space left on device")
    expect(disk.freeBytes()).toBe(0)
    // Either their FFmpeg has met the end of the room, or Vigia has looked first and ended it.
    await awaitFact("no camera records, for want of room", async () =>
      (await disk.statuses()).every((one) => !one.is_recording && one.cause === "disk_full"),
    )
    await awaitFact("there is nothing that may go", async () => (await disk.storage()).disk.recording_stopped)

    const before = await disk.closed()
    const inUse = mayBeInUse(before)
    const bens = before.filter((file) => file.camera_id !== 1 && !inUse.has(file))
    // So little is missing then that it is there in Ben's files, and that he still has more than Ana without them.
    const missingBytes = Math.floor(bens.reduce((sum, { file_size }) => sum + file_size, 0) / 4)
    disk.giveBack(Math.ceil(reserveBytes * 1.1) - missingBytes)
    await disk.rows(
      "UPDATE recordings SET is_protected = false RETURNING id, camera_id, file_path, file_size",
    )
    await awaitFact("all cameras record again", () => disk.allRecord())
    expect([disk.service.alive, disk.service.pid]).toEqual([true, pid])
    const left = new Set((await disk.closed()).map(({ id }) => id))
    const gone = before.filter(({ id }) => !left.has(id))
    expect(gone.length).toBeGreaterThan(0)
    expect(gone.map(({ camera_id }) => camera_id)).not.toContain(1)
    const asked = bens.slice(0, bens.findIndex(({ id }) => id === gone.at(-1)?.id) + 1)
    expect(asked.filter(({ id }) => left.has(id))).toEqual([])
    for (const { camera_id } of gone) evictedCameras.add(camera_id)
  })

  it("has accounted for every second of it, and kept the clip", async () => {
    for (const id of cameras) {
      const { from, to, known_until, spans } = await disk.coverageOf(id)
      expect(spans[0]?.from).toBe(from)
      expect(spans.at(-1)?.to).toBe(known_until < to ? known_until : to)
      expect(spans.slice(1).map((span) => span.from)).toEqual(spans.slice(0, -1).map((span) => span.to))
      const causes = new Set(spans.flatMap(({ cause }) => cause ?? []))
      expect(causes).toContain("disk_full")
      expect(causes).not.toContain("unknown")
      expect(causes.has("deleted") || !evictedCameras.has(id)).toBe(true)
      expect(spans.at(-1)?.kind).toBe("recorded")
    }
    expect(clipBytes.length).toBe(clip.file_size)
    const { clips } = await disk.get(Clips, "/api/clips?camera_id=2")
    expect(clips).toEqual([clip])
    expect(readFileSync(disk.pathOf(clip.file_path ?? "")).equals(clipBytes)).toBe(true)
  })
})
