import { existsSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { allPids, commandLineOf } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { ClipAnswer, ClipFixture } from "./ClipFixture.ts"
import { SlowFfmpeg } from "./SlowFfmpeg.ts"

const Page = Schema.Struct({
  clips: Schema.Array(ClipAnswer),
  next_cursor: Schema.NullOr(Schema.String),
})

const ffmpeg = new SlowFfmpeg()
let fixture: ClipFixture
let cameraId = 0
let range = { from: 0, to: 0 }

beforeAll(async () => {
  fixture = await ClipFixture.start(4, { FFMPEG_PATH: ffmpeg.path })
  cameraId = await fixture.camera()
  // The first may be short: with the beginning of the fourth 8 s are over.
  const files = await awaitFact("four files", async () => {
    const found = await fixture.recordings(cameraId)
    return found.length >= 4 ? found : null
  })
  const from = Date.parse(files[0]?.start_time ?? "")
  range = { from, to: from + 8000 }
}, 120_000)

afterEach(() => ffmpeg.setRate(null))

afterAll(async () => {
  await fixture.stop()
  ffmpeg.remove()
})

const begin = async (name: string): Promise<string> => {
  const { status, body } = await fixture.ask({ camera_id: cameraId, ...range, name })
  expect(status).toBe(202)
  return Schema.decodeUnknownSync(ClipAnswer)(body).id
}

const page = async (query: string) =>
  Schema.decodeUnknownSync(Page)((await fixture.service.request("GET", `/api/clips?${query}`)).body)

const writersOf = (id: string) => allPids().filter((pid) => commandLineOf(pid)?.at(-1)?.includes(id) === true)

describe("a long export", () => {
  it("tells how far it is; cancelled in the middle it leaves no file and no process", async () => {
    ffmpeg.setRate(2)
    const id = await begin("long")
    const seen: Array<number> = []
    await awaitFact("it is in the middle", async () => {
      const { state, progress } = await fixture.get(id)
      expect(state).toBe("exporting")
      seen.push(progress)
      return new Set(seen.filter((share) => share > 0 && share < 1)).size >= 3
    })
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
    const unfinished = join(fixture.service.recordingDirectory, `cam_${cameraId}/clips/.export-${id}.mp4`)
    expect(existsSync(unfinished)).toBe(true)
    expect(writersOf(id)).toHaveLength(1)
    expect((await fixture.service.request("DELETE", `/api/clips/${id}`)).status).toBe(204)
    expect(fixture.clipNames(cameraId)).toEqual([])
    expect(writersOf(id)).toEqual([])
    expect(await fixture.get(id)).toMatchObject({ state: "cancelled", file_path: null })
  })
})

describe("exports that wait", () => {
  it("are 100 at most; more are refused until there is room, and all are listed a page at a time", async () => {
    const other = await fixture.recording.addRecording()
    ffmpeg.setRate(0.05)
    const ids: Array<string> = []
    for (let index = 0; index < 100; index += 1) ids.push(await begin(`waiting ${index}`))
    const response = await fetch(`${fixture.service.address}/api/clips`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        camera_id: cameraId,
        from: new Date(range.from).toISOString(),
        to: new Date(range.to).toISOString(),
        name: "one too many",
      }),
    })
    expect(response.status).toBe(429)
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ type: "urn:vigia:problem:exports-busy" })

    const listed: Array<string> = []
    let cursor: string | null = null
    do {
      const next = await page(
        `camera_id=${cameraId}&limit=30${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      )
      expect(next.clips.length).toBeLessThanOrEqual(30)
      listed.push(...next.clips.filter(({ state }) => state === "exporting").map(({ id }) => id))
      cursor = next.next_cursor
    } while (cursor !== null)
    expect(listed).toEqual(ids)
    expect(await page(`camera_id=${other}`)).toEqual({ clips: [], next_cursor: null })
    expect((await page("")).clips).toHaveLength(100)
    expect((await fixture.service.request("GET", "/api/clips?cursor=nonsense")).status).toBe(400)
    expect((await fixture.service.request("GET", "/api/clips?limit=0")).status).toBe(400)

    // One that waits, and then the one that runs: the next is not asked to be slow any more.
    await fixture.service.request("DELETE", `/api/clips/${ids[99]}`)
    ids[99] = await begin("has room")
    for (const id of ids.slice(1, 99)) await fixture.service.request("DELETE", `/api/clips/${id}`)
    ffmpeg.setRate(null)
    await fixture.service.request("DELETE", `/api/clips/${ids[0]}`)
    const last = ids[99]
    await awaitFact("the last is ready", async () => (await fixture.get(last)).state === "ready")
    expect(fixture.clipNames(cameraId)).toEqual(["has-room.json", "has-room.mp4"])
  }, 120_000)
})
