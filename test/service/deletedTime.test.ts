import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { CoverageAnswer, RecordingsAnswer } from "./apiAnswers.ts"

const hour = 3_600_000
const day = 24 * hour
const fileBytes = 1000
const Created = Schema.Struct({ id: Schema.Int })
const Preview = Schema.Struct({
  files: Schema.Int,
  bytes: Schema.Int,
  cameras: Schema.Array(
    Schema.Struct({
      camera_id: Schema.Int,
      files: Schema.Int,
      oldest: Schema.String,
      newest: Schema.String,
    }),
  ),
})
const State = Schema.Struct({
  running: Schema.NullOr(Schema.Unknown),
  passes: Schema.Array(Schema.Struct({ files: Schema.Int, bytes: Schema.Int, errors: Schema.Int })),
})

const instant = (millis: number): string => new Date(millis).toISOString()

describe("time whose recordings a cleanup deleted", () => {
  let service: VigiaService
  let cameraId: number
  let ownerId: number
  /** Half an hour from the bounds of every file: what expires does not depend on how long the test takes. */
  const now = Math.floor(Date.now() / 1000) * 1000
  const firstMillis = now - 20 * day + hour / 2
  const lastMillis = now - day + hour / 2
  /** An hour that was not recorded. */
  const missingMillis = now - 12 * day + hour / 2

  const create = async (path: string, body: unknown): Promise<number> => {
    const answer = await service.request("POST", path, body)
    return Schema.decodeUnknownSync(Created)(answer.body).id
  }

  beforeAll(async () => {
    service = await VigiaService.start()
    ownerId = await create("/api/owners", { name: "Bakery", plan: "premium" })
    cameraId = await create("/api/cameras", {
      owner_id: ownerId,
      name: "Till",
      url: "rtsp://127.0.0.1:9/",
      recording_enabled: false,
    })
    await service.rows(`
      INSERT INTO enabled_periods (camera_id, start_time, end_time)
      VALUES (${cameraId}, '${instant(firstMillis)}', '${instant(lastMillis)}') RETURNING camera_id`)
    const rows: Array<string> = []
    for (let at = firstMillis; at < lastMillis; at += hour) {
      if (at === missingMillis) continue
      const filePath = segmentPath(cameraId, at)
      const path = join(service.recordingDirectory, filePath)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, Buffer.alloc(fileBytes))
      rows.push(`(${cameraId}, '${instant(at)}', '${instant(at + hour)}', '${filePath}', ${fileBytes}, 3600, 'run', 0,
        'closed', 25, 0, 1, 'avc1', 'none')`)
    }
    await service.rows(`
      INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id, segment_number,
        state, frames, missing_frames, fragments, video_codec, audio)
      VALUES ${rows.join(",")} RETURNING id`)
  })
  afterAll(() => service.remove())

  const range = `from=${instant(firstMillis)}&to=${instant(lastMillis)}`

  const spans = async () => {
    const { body } = await service.request("GET", `/api/cameras/${cameraId}/coverage?${range}`)
    const coverage = Schema.decodeUnknownSync(CoverageAnswer)(body)
    // They tile the range, and their sums are its length.
    expect(coverage.spans.map(({ from }) => from)).toEqual([
      instant(firstMillis),
      ...coverage.spans.slice(0, -1).map(({ to }) => to),
    ])
    expect(coverage.spans.at(-1)?.to).toBe(instant(lastMillis))
    const { recorded_seconds, gap_seconds, stopped_seconds } = coverage
    expect(recorded_seconds + gap_seconds + stopped_seconds).toBe((lastMillis - firstMillis) / 1000)
    return coverage.spans.map(({ kind, cause, from, to }) => [cause ?? kind, from, to])
  }

  const recordings = async () => {
    const address = `/api/recordings?camera_id=${cameraId}&${range}&limit=1000`
    return Schema.decodeUnknownSync(RecordingsAnswer)((await service.request("GET", address)).body).recordings
  }

  const cleanUp = async () => {
    await service.request("POST", "/api/cleanup")
    return awaitFact("the pass has ended", async () => {
      const state = Schema.decodeUnknownSync(State)((await service.request("GET", "/api/cleanup")).body)
      return state.running === null ? state.passes[0] : null
    })
  }

  it("goes exactly as a dry run of the owner's new plan said, and reads as deleted", async () => {
    const whole = await recordings()
    expect(whole.length).toBe(19 * 24 - 1)
    const before = [
      ["recorded", instant(firstMillis), instant(missingMillis)],
      ["unknown", instant(missingMillis), instant(missingMillis + hour)],
      ["recorded", instant(missingMillis + hour), instant(lastMillis)],
    ]
    expect(await spans()).toEqual(before)

    const newest = instant(now - 7 * day - hour / 2)
    const { body } = await service.request("PATCH", `/api/owners/${ownerId}?dry_run=true`, { plan: "basic" })
    const told = Schema.decodeUnknownSync(Preview)(body)
    expect(told.cameras).toEqual([
      {
        camera_id: cameraId,
        files: told.files,
        oldest: instant(firstMillis),
        newest,
      },
    ])
    expect(await cleanUp()).toMatchObject({ files: 0 })
    expect(await spans()).toEqual(before)

    await service.request("PATCH", `/api/owners/${ownerId}`, { plan: "basic" })
    expect(await cleanUp()).toEqual({ files: told.files, bytes: told.bytes, errors: 0 })
    const left = whole.filter(({ end_time }) => end_time > newest)
    expect(await recordings()).toEqual(left)
    expect(whole.length - left.length).toBe(told.files)
    expect(told.bytes).toBe(told.files * fileBytes)
    for (const one of whole) {
      const path = join(service.recordingDirectory, one.file_path)
      expect([one.file_path, existsSync(path)]).toEqual([one.file_path, left.includes(one)])
    }
    expect(await spans()).toEqual([
      ["deleted", instant(firstMillis), instant(missingMillis)],
      ["unknown", instant(missingMillis), instant(missingMillis + hour)],
      ["deleted", instant(missingMillis + hour), newest],
      ["recorded", newest, instant(lastMillis)],
    ])
    expect(await service.rows("SELECT DISTINCT cause, detail FROM gaps WHERE cause = 'deleted'")).toEqual([
      { cause: "deleted", detail: "expired" },
    ])
    expect(await cleanUp()).toMatchObject({ files: 0 })
  })
})
