import { type ChildProcess, spawn } from "node:child_process"
import { resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"

const recordings = 7_000
const Created = Schema.Struct({ id: Schema.Int })
const Tally = { files: Schema.Int, errors: Schema.Int }
const State = Schema.Struct({
  running: Schema.NullOr(Schema.Struct({ ...Tally, files_total: Schema.NullOr(Schema.Int) })),
  passes: Schema.Array(Schema.Struct({ ...Tally, complete: Schema.Boolean })),
})

/** A cleanup as an operator runs it, and what it said. */
class Program {
  text = ""
  readonly closed: Promise<number | null>
  readonly #child: ChildProcess

  constructor(service: VigiaService, ...programArguments: ReadonlyArray<string>) {
    const { hostname, port } = new URL(service.address)
    const child = spawn(process.execPath, [resolve("src/cleanup/main.ts"), ...programArguments], {
      env: { PATH: process.env["PATH"], HOST: hostname, PORT: port },
      stdio: ["ignore", "pipe", "pipe"],
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part) => (this.text += String(part)))
    this.closed = new Promise((closed) => child.once("close", closed))
    this.#child = child
  }

  interrupt(): void {
    this.#child.kill("SIGINT")
  }

  get lastLine(): string {
    return this.text.trim().split("\n").at(-1) ?? ""
  }
}

describe("`npm run cleanup` on long work", () => {
  let service: VigiaService
  let cameraId: number
  beforeAll(async () => {
    service = await VigiaService.start()
    const owner = await service.request("POST", "/api/owners", { name: "Bakery", plan: "basic" })
    const camera = await service.request("POST", "/api/cameras", {
      owner_id: Schema.decodeUnknownSync(Created)(owner.body).id,
      name: "Till",
      url: "rtsp://127.0.0.1:9/",
      recording_enabled: false,
    })
    cameraId = Schema.decodeUnknownSync(Created)(camera.body).id
  })
  afterAll(() => service.remove())

  /** Rows of recordings that have expired; their files are gone already. */
  const fill = () =>
    service.rows(`
      INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id, segment_number,
        state, frames, missing_frames, fragments, video_codec, audio)
      SELECT ${cameraId}, at, at + interval '10 seconds',
        format('cam_%s/%s.mp4', ${cameraId}::int, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD/HH24-MI-SS')),
        1000, 10, 'run', 0, 'closed', 25, 0, 1, 'avc1', 'none'
      FROM generate_series(1, ${recordings}) AS number,
        LATERAL (SELECT date_trunc('second', now()) - interval '20 days' + make_interval(secs => number * 10) AS at) AS start
      RETURNING id`)

  const left = () => service.rows("SELECT id FROM recordings")
  const state = async () =>
    Schema.decodeUnknownSync(State)((await service.request("GET", "/api/cleanup")).body)
  const ended = () =>
    awaitFact("the pass has ended", async () => {
      const { running, passes } = await state()
      return running === null ? passes[0] : null
    })

  /** Holds the youngest row until `release`: a pass comes to it last, and waits. */
  const hold = async () => {
    const held = service
      .rows(
        `WITH held AS (SELECT id FROM recordings ORDER BY end_time DESC LIMIT 1 FOR UPDATE)
        SELECT pg_sleep(600) FROM held`,
      )
      .catch(() => null)
    const holder = "query LIKE '%WITH held AS%' AND wait_event = 'PgSleep'"
    await awaitFact("the row is held", async () => {
      const rows = await service.rows(`SELECT pid FROM pg_stat_activity WHERE ${holder}`)
      return rows.length === 1
    })
    return async () => {
      await service.rows(`SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity WHERE ${holder}`)
      await held
    }
  }

  const blocked = () =>
    awaitFact("some are deleted, and the pass waits", async () => {
      const { running } = await state()
      return running !== null && running.files > 0 && running.files_total === recordings
    })

  it("is left by Ctrl-C at once, and goes on in the service", async () => {
    await fill()
    const release = await hold()
    const program = new Program(service)
    await blocked()
    await awaitFact("it shows how it goes on", () => /[1-9]\d* of 7000 recordings, /.test(program.text))
    program.interrupt()
    expect(await program.closed).toBe(130)
    expect(program.lastLine).toBe("the cleanup goes on in the service; `npm run cleanup` shows it again")
    expect((await state()).running).not.toBeNull()

    // Run again, it shows the same pass to its end.
    const again = new Program(service)
    await awaitFact("it shows the pass that runs", () => again.text.includes(" of 7000 recordings, "))
    await release()
    expect(await again.closed).toBe(0)
    expect(again.lastLine).toMatch(/^deleted 7000 recordings, /)
    expect(await ended()).toEqual({ files: recordings, errors: 0, complete: true })
    expect(await left()).toEqual([])
  })

  it("ends in the service when that is asked for: what was done is in the record, the next pass does the rest", async () => {
    await fill()
    const release = await hold()
    const program = new Program(service)
    await blocked()
    const cancelled = service.request("DELETE", "/api/cleanup")
    // It was heard when what was asked after it is answered.
    for (let asked = 0; asked < 3; asked++) await state()
    await release()
    expect(await cancelled).toMatchObject({ status: 200, body: { running: null } })
    expect(await program.closed).toBe(1)
    expect(program.lastLine).toMatch(/^deleted \d+ recordings, /)
    const first = await ended()
    expect(first.complete).toBe(false)
    expect(first.files).toBeGreaterThan(0)
    const next = new Program(service)
    expect(await next.closed).toBe(0)
    const second = await ended()
    expect(second.complete).toBe(true)
    expect(first.files + second.files).toBe(recordings)
    expect(await left()).toEqual([])
  })

  it("tells what it can do, and refuses what it cannot", async () => {
    const help = new Program(service, "--help")
    expect(await help.closed).toBe(0)
    for (const option of ["--dry-run", "--confirm"]) expect(help.text).toContain(option)
    const unknown = new Program(service, "--force")
    expect(await unknown.closed).toBe(1)
    expect(unknown.text).toMatch(/^cleanup: Unknown option '--force'/)
  })
})
