import { spawn } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"

const hour = 3_600_000
const day = 24 * hour
const machines: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" }
/** Where Debian's libfaketime is; the variant for programs with threads. */
const library = `/usr/lib/${machines[process.arch]}-linux-gnu/faketime/libfaketimeMT.so.1`

const Created = Schema.Struct({ id: Schema.Int })
const State = Schema.Struct({
  running: Schema.NullOr(Schema.Unknown),
  clock_steps: Schema.Array(Schema.Struct({ from: Schema.String, to: Schema.String })),
  passes: Schema.Array(
    Schema.Struct({
      reason: Schema.String,
      complete: Schema.Boolean,
      files: Schema.Int,
      held_back: Schema.Int,
    }),
  ),
})

describe("a service whose clock is 400 days ahead after a restart", () => {
  let service: VigiaService
  let paths: ReadonlyArray<string>
  beforeAll(async () => {
    service = await VigiaService.start()
    const owner = await service.request("POST", "/api/owners", { name: "Bakery", plan: "basic" })
    const camera = await service.request("POST", "/api/cameras", {
      owner_id: Schema.decodeUnknownSync(Created)(owner.body).id,
      name: "Till",
      url: "rtsp://127.0.0.1:9/",
      recording_enabled: false,
    })
    const cameraId = Schema.decodeUnknownSync(Created)(camera.body).id
    const now = Math.floor(Date.now() / 1000) * 1000
    paths = [1, 2, 3, 4, 5, 6].map((age) => segmentPath(cameraId, now - age * day))
    for (const [at, filePath] of paths.entries()) {
      const path = join(service.recordingDirectory, filePath)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, Buffer.alloc(1000))
      const time = (millis: number): string => `'${new Date(millis).toISOString()}'::timestamptz`
      const startMillis = now - (at + 1) * day
      await service.rows(`
        INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id, segment_number,
          state, frames, missing_frames, fragments, video_codec, audio)
        VALUES (${cameraId}, ${time(startMillis)}, ${time(startMillis + hour)}, '${filePath}', 1000, 3600, 'run', 0,
          'closed', 25, 0, 1, 'avc1', 'none') RETURNING id`)
    }
    await awaitFact("the service has noted that it lives", async () => {
      const rows = await service.rows("SELECT * FROM lived_time")
      return rows.length === 1
    })
    await service.end()
    await service.start({
      environment: {
        LD_PRELOAD: library,
        FAKETIME: "+400d",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
        NO_FAKE_STAT: "1",
      },
    })
  })
  afterAll(() => service.remove())

  const state = async () =>
    Schema.decodeUnknownSync(State)((await service.request("GET", "/api/cleanup")).body)
  const ended = () =>
    awaitFact("a pass has ended", async () => {
      const now = await state()
      return now.running === null && now.passes.length > 0 ? now : null
    })
  const present = () => paths.filter((path) => existsSync(join(service.recordingDirectory, path)))

  const program = async (...programArguments: ReadonlyArray<string>): Promise<string> => {
    const { hostname, port } = new URL(service.address)
    const child = spawn(process.execPath, [resolve("src/cleanup/main.ts"), ...programArguments], {
      env: { PATH: process.env["PATH"], HOST: hostname, PORT: port },
      stdio: ["ignore", "pipe", "inherit"],
    })
    let text = ""
    child.stdout.on("data", (part) => (text += String(part)))
    await new Promise((closed) => child.once("close", closed))
    return text
  }

  it("deletes nothing by itself, and says why in its log, its passes and its API", async () => {
    // The pass of 03:00 was missed, by this clock.
    const { passes, clock_steps } = await ended()
    expect(passes[0]).toEqual({ reason: "missed", complete: true, files: 0, held_back: 6 })
    expect(present()).toEqual(paths)
    expect(clock_steps.length).toBe(1)
    const [step] = clock_steps
    const days = (Date.parse(step?.to ?? "") - Date.parse(step?.from ?? "")) / day
    expect(days).toBeGreaterThan(399.9)
    expect(days).toBeLessThan(400.1)
    expect(service.log).toContain("the clock went on, or was set, by more than a day")
  })

  it("deletes when a person says that the clock is right", async () => {
    expect(await program()).toContain(
      "deleted 0 recordings, 0.0 MB, 0 errors\n6 more have expired by the clock alone and are kept",
    )
    expect(await program("--dry-run")).toContain("would delete 0 recordings")
    expect(await program("--dry-run", "--confirm")).toContain("would delete 6 recordings")
    expect(present()).toEqual(paths)
    expect(await program("--confirm")).toContain("deleted 6 recordings")
    expect(present()).toEqual([])
    expect(await state()).toMatchObject({ clock_steps: [], passes: [{ files: 6, held_back: 0 }, {}, {}] })
  })
})
