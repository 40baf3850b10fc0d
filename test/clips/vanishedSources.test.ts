import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { ClipSidecar, sidecarPathOf } from "../../src/storage/clipSidecar.ts"
import type { RecordingAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { ClipAnswer, ClipFixture } from "./ClipFixture.ts"
import { SlowFfmpeg } from "./SlowFfmpeg.ts"

const ffmpeg = new SlowFfmpeg()
let fixture: ClipFixture
let cameraId = 0

beforeAll(async () => {
  fixture = await ClipFixture.start(4, { FFMPEG_PATH: ffmpeg.path })
  cameraId = await fixture.camera()
}, 120_000)

afterEach(() => ffmpeg.setRate(null))

afterAll(async () => {
  await fixture.stop()
  ffmpeg.remove()
})

const closedFiles = (count: number) =>
  awaitFact(`${count} closed files`, async () => {
    const files = await fixture.recordings(cameraId)
    const closed = files.filter((file) => file.state === "closed" && existsSync(pathOf(file)))
    return closed.length >= count ? closed.slice(-count) : null
  })

const pathOf = ({ file_path }: RecordingAnswer) => join(fixture.service.recordingDirectory, file_path)

const begin = async (name: string, from: number, to: number): Promise<string> => {
  const { status, body } = await fixture.ask({ camera_id: cameraId, from, to, name })
  expect(status).toBe(202)
  return Schema.decodeUnknownSync(ClipAnswer)(body).id
}

const ended = (id: string) =>
  awaitFact(`clip ${id} has ended`, async () => {
    const clip = await fixture.get(id)
    return clip.state === "exporting" ? null : clip
  })

/** One export runs without end, and holds up those that follow. */
const holdUp = async (name: string, { start_time }: RecordingAnswer): Promise<string> => {
  ffmpeg.setRate(0.01)
  const from = Date.parse(start_time)
  const id = await begin(name, from, from + 3000)
  await awaitFact("it runs", () =>
    existsSync(join(fixture.service.recordingDirectory, `cam_${cameraId}/clips/.export-${id}.mp4`)),
  )
  ffmpeg.setRate(null)
  return id
}

const cancel = (id: string) => fixture.service.request("DELETE", `/api/clips/${id}`)

describe("a clip of which a recording goes while it waits", () => {
  it("tells what it lacks as a gap, in its sidecar too", async () => {
    const [first, second, third] = await closedFiles(3)
    if (first === undefined || second === undefined || third === undefined) throw new Error("no three files")
    const running = await holdUp("before the loss", third)
    const waiting = await begin("loss", Date.parse(first.start_time), Date.parse(third.end_time))
    rmSync(pathOf(second))
    await cancel(running)
    const clip = await ended(waiting)
    expect(clip.state).toBe("ready")
    expect(clip.gaps?.map(({ cause }) => cause)).toEqual(["file_missing"])
    const [gap] = clip.gaps ?? []
    // Bounds of a file and of the next differ by less than half a second.
    expect(Math.abs(Date.parse(gap?.from ?? "") - Date.parse(second.start_time))).toBeLessThan(500)
    expect(Math.abs(Date.parse(gap?.to ?? "") - Date.parse(second.end_time))).toBeLessThan(500)
    const sidecar = Schema.decodeSync(ClipSidecar)(readFileSync(sidecarPathOf(fixture.path(clip)), "utf8"))
    expect(sidecar.gaps).toEqual(clip.gaps)
  }, 120_000)

  it("is not made at all where one goes while FFmpeg reads", async () => {
    const [first, second, third] = await closedFiles(3)
    if (first === undefined || second === undefined || third === undefined) throw new Error("no three files")
    ffmpeg.setRate(4)
    const id = await begin("reading", Date.parse(first.start_time), Date.parse(third.end_time))
    await awaitFact("it has begun", async () => (await fixture.get(id)).progress > 0)
    rmSync(pathOf(first))
    expect(await ended(id)).toMatchObject({
      state: "failed",
      error: `${first.file_path} went during the export`,
    })
  }, 120_000)
})

describe("a recording that an export needs", () => {
  it("is not deleted until that has ended", async () => {
    const [first, second, third] = await closedFiles(3)
    if (first === undefined || second === undefined || third === undefined) throw new Error("no three files")
    const running = await holdUp("before the quota", second)
    const waiting = await begin(
      "needed",
      Date.parse(second.start_time) + 500,
      Date.parse(second.end_time) - 500,
    )
    await fixture.service.request("PATCH", `/api/cameras/${cameraId}`, { quota_bytes: 1 })
    await awaitFact("the one before it has gone", () => !existsSync(pathOf(first)))
    await awaitFact("the one after it has gone", () => !existsSync(pathOf(third)))
    expect(existsSync(pathOf(second))).toBe(true)
    await cancel(running)
    expect(await ended(waiting)).toMatchObject({ state: "ready", gaps: [] })
    await awaitFact("it has gone, too", () => !existsSync(pathOf(second)))
  }, 120_000)
})
