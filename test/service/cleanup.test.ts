import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { writeStampedRun } from "../clips/stampedRun.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"

const hour = 3_600_000
const day = 24 * hour
const Created = Schema.Struct({ id: Schema.Int })
const ReadyClip = Schema.Struct({ state: Schema.Literal("ready"), file_path: Schema.String })
const decodePaths = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ file_path: Schema.String })))
const State = Schema.Struct({
  running: Schema.NullOr(Schema.Unknown),
  passes: Schema.Array(Schema.Struct({ files: Schema.Int, bytes: Schema.Int, reason: Schema.String })),
})

describe("the cleanup of a service", () => {
  let service: VigiaService
  let cameraId = 0
  let ownerId = 0
  beforeAll(async () => {
    service = await VigiaService.start({ environment: { RECORDING_RETENTION_PRO: "3" } })
    ownerId = await create("/api/owners", { name: "Bakery", plan: "basic" })
    cameraId = await create("/api/cameras", {
      owner_id: ownerId,
      name: "Till",
      url: "rtsp://127.0.0.1:9/",
      recording_enabled: false,
    })
  })
  afterAll(() => service.remove())

  const create = async (path: string, body: unknown): Promise<number> => {
    const answer = await service.request("POST", path, body)
    expect(answer).toMatchObject({ status: 201 })
    return Schema.decodeUnknownSync(Created)(answer.body).id
  }

  /** A file with a row, as old as given; answers its path. */
  const record = async (startMillis: number, isClip = false): Promise<string> => {
    const filePath = segmentPath(cameraId, startMillis)
    const path = join(service.recordingDirectory, filePath)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.alloc(1000))
    const time = (millis: number): string => `'${new Date(millis).toISOString()}'::timestamptz`
    await service.rows(`
      INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id, segment_number,
        state, frames, missing_frames, fragments, video_codec, audio, is_clip, created_at)
      VALUES (${cameraId}, ${time(startMillis)}, ${time(startMillis + hour)}, '${filePath}', 1000, 3600, 'run', 0,
        'closed', 25, 0, 1, 'avc1', 'none', ${isClip}, ${time(startMillis + hour)})
      RETURNING id`)
    return filePath
  }

  const has = (filePath: string): boolean => existsSync(join(service.recordingDirectory, filePath))

  const ended = () =>
    awaitFact("the pass has ended", async () => {
      const state = Schema.decodeUnknownSync(State)((await service.request("GET", "/api/cleanup")).body)
      return state.running === null && state.passes.length > 0 ? state.passes : null
    })

  /** The program that an operator runs. */
  const program = async (
    ...programArguments: ReadonlyArray<string>
  ): Promise<{ readonly code: number | null; readonly text: string }> => {
    const { hostname, port } = new URL(service.address)
    const child = spawn(process.execPath, [resolve("src/cleanup/main.ts"), ...programArguments], {
      env: { PATH: process.env["PATH"], HOST: hostname, PORT: service.alive ? port : "9" },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let text = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += String(part)))
    const code = await new Promise<number | null>((closed) => child.once("close", closed))
    return { code, text }
  }

  it("leaves no recording of a basic camera older than 7 days, and clips of the same age", async () => {
    const now = Math.floor(Date.now() / 1000) * 1000
    const old = [
      await record(now - 8 * day),
      await record(now - 20 * day),
      await record(now - 7 * day - 2 * hour),
    ]
    const kept = [await record(now - 6 * day), await record(now - 7 * day)]
    const clip = await record(now - 40 * day, true)

    const dry = await service.request("POST", "/api/cleanup", { dry_run: true })
    expect(dry).toMatchObject({ status: 200, body: { dry_run: true, files: 3, bytes: 3000 } })
    expect(old.every(has)).toBe(true)
    const tried = await program("--dry-run")
    expect(tried.code).toBe(0)
    expect(tried.text).toContain("a cleanup now would delete 3 recordings")

    expect(await service.request("POST", "/api/cleanup")).toMatchObject({
      status: 202,
      body: { started: true },
    })
    expect((await ended())[0]).toEqual({ files: 3, bytes: 3000, reason: "asked" })
    expect(old.some(has)).toBe(false)
    expect([...kept, clip].every(has)).toBe(true)
    // What the settings make of a plan.
    expect(
      await service.request("PATCH", `/api/owners/${ownerId}?dry_run=true`, { plan: "pro" }),
    ).toMatchObject({
      status: 200,
      body: { files: 2 },
    })
    expect(await service.rows("SELECT file_path FROM recordings ORDER BY 1")).toEqual(
      [...kept, clip].toSorted().map((filePath) => ({ file_path: filePath })),
    )
    expect(readdirSync(join(service.recordingDirectory, `cam_${cameraId}`))).not.toContain(
      dirname(old[1] ?? "").split("/")[1],
    )
    await awaitFact("the sums follow", async () => {
      const { body } = await service.request("GET", `/api/recording/status/${cameraId}/`)
      return JSON.stringify(body).includes('"disk_usage":"3.0 kB"')
    })
  })

  it("is run by a program that shows how it goes on", async () => {
    const path = await record(Date.now() - 9 * day)
    const { code, text } = await program()
    expect({ code, last: text.trim().split("\n").at(-1) }).toEqual({
      code: 0,
      last: "deleted 1 recordings, 0.0 MB, 0 errors",
    })
    expect(has(path)).toBe(false)
    expect((await program("--help")).text).toContain("usage: npm run cleanup")
  })

  it("is told before a plan is changed what that deletes", async () => {
    const address = `/api/owners/${ownerId}`
    await service.request("PATCH", address, { plan: "premium" })
    await record(Date.now() - 10 * day)
    const { status, body } = await service.request("PATCH", `${address}?dry_run=true`, { plan: "basic" })
    expect(status).toBe(200)
    expect(body).toMatchObject({ files: 1, cameras: [{ camera_id: cameraId, owner_id: ownerId, files: 1 }] })
    expect(await service.request("GET", address)).toMatchObject({
      body: { plan: "premium", retention_days: 30 },
    })
    const all = await service.request("PATCH", `${address}?dry_run=true`, { quota_bytes: 5 })
    const stored = await service.rows("SELECT id FROM recordings WHERE NOT is_clip")
    expect(all).toMatchObject({ status: 200, body: { files: stored.length } })
    const shorter = { retention_days: 9 }
    expect(await service.request("PATCH", `/api/cameras/${cameraId}?dry_run=true`, shorter)).toMatchObject({
      status: 200,
      body: { files: 1, cameras: [{ camera_id: cameraId, files: 1 }] },
    })
    expect(await service.request("GET", `/api/cameras/${cameraId}`)).toMatchObject({
      body: { retention_days: null, quota_bytes: null },
    })
    expect(await service.request("POST", "/api/cleanup?dry_run=true")).toMatchObject({
      status: 200,
      body: { dry_run: true, files: 0 },
    })
    expect(await service.request("PATCH", "/api/owners/999?dry_run=true", { plan: "basic" })).toMatchObject({
      status: 404,
    })
    expect(await service.request("PATCH", `${address}?dry_run=maybe`, { plan: "basic" })).toMatchObject({
      status: 400,
    })
  })

  it("takes a shorter retention of a camera, and refuses a longer one than the plan's", async () => {
    const address = `/api/cameras/${cameraId}`
    expect(await service.request("PATCH", address, { retention_days: 31 })).toMatchObject({
      status: 400,
      body: {
        errors: [
          { field: "retention_days", message: "expected 1 to 30, as the plan premium allows, or null" },
        ],
      },
    })
    expect(await service.request("PATCH", address, { retention_days: 0 })).toMatchObject({ status: 400 })
    expect(await service.request("PATCH", address, { retention_days: 5 })).toMatchObject({
      status: 200,
      body: { retention_days: 5 },
    })
    expect(await service.request("GET", `/api/recording/status/${cameraId}/`)).toMatchObject({
      body: { retention_days: 5 },
    })
    expect(await service.request("PATCH", address, { retention_days: null })).toMatchObject({
      body: { retention_days: null },
    })
  })

  it("leaves a clip when the recordings that it was made of have expired", async () => {
    await service.request("PATCH", `/api/owners/${ownerId}`, { plan: "premium" })
    const startMillis = Math.floor(Date.now() / 1000) * 1000 - 12 * day
    const sources = await writeStampedRun({
      recordingDirectory: service.recordingDirectory,
      cameraId,
      clip: "h264-360p",
      startMillis,
      segmentSeconds: 4,
      files: 2,
    })
    const listed = async () => {
      const rows = decodePaths(await service.rows("SELECT file_path FROM recordings"))
      const paths = new Set(rows.map(({ file_path }) => file_path))
      return sources.filter(({ filePath }) => paths.has(filePath)).length
    }
    await service.request("POST", "/api/repair")
    await awaitFact("they are listed", async () => (await listed()) === sources.length)
    const asked = await service.request("POST", "/api/clips", {
      camera_id: cameraId,
      from: new Date(startMillis + 2500).toISOString(),
      to: new Date(startMillis + 6500).toISOString(),
      name: "Break-in",
    })
    expect(asked.status).toBe(202)
    const { id } = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String }))(asked.body)
    const ready = await awaitFact("it is ready", async () => {
      const { body } = await service.request("GET", `/api/clips/${id}`)
      return Schema.is(ReadyClip)(body) ? body : null
    })
    const path = join(service.recordingDirectory, ready.file_path)
    const sumOf = (): string => createHash("sha256").update(readFileSync(path)).digest("hex")
    const sum = sumOf()
    // As old as what it was made of, by its row and by its file.
    await service.rows(`UPDATE clips SET created_at = created_at - interval '12 days' RETURNING id`)
    utimesSync(path, startMillis / 1000, startMillis / 1000)

    await service.request("PATCH", `/api/owners/${ownerId}`, { plan: "basic" })
    expect((await service.request("POST", "/api/cleanup")).status).toBe(202)
    await awaitFact("the recordings are gone", async () => (await listed()) === 0)
    await ended()
    expect(sources.some(({ filePath }) => has(filePath))).toBe(false)
    expect(sumOf()).toBe(sum)
    expect(existsSync(path.replace(/mp4$/, "json"))).toBe(true)
    const listing = await service.request("GET", `/api/clips?camera_id=${cameraId}`)
    expect(listing.body).toMatchObject({ clips: [{ id, state: "ready", file_path: ready.file_path }] })
  })

  it("says clearly that no service answers", async () => {
    await service.end()
    const { code, text } = await program()
    expect(code).toBe(1)
    expect(text).toMatch(/^cleanup: no service answers at http:\/\/127\.0\.0\.1:9: /)
  })
})
