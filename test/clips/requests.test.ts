import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { ClipAnswer, ClipFixture } from "./ClipFixture.ts"
import { SlowFfmpeg } from "./SlowFfmpeg.ts"

const ffmpeg = new SlowFfmpeg()
let fixture: ClipFixture
let cameraId = 0
let range = { from: 0, to: 0 }

const Problem = Schema.Struct({
  status: Schema.Int,
  errors: Schema.optionalKey(Schema.Array(Schema.Struct({ field: Schema.String, message: Schema.String }))),
})
const problemOf = (answer: { readonly body: unknown }) => Schema.decodeUnknownSync(Problem)(answer.body)

const clipPath = (name: string) => join(fixture.service.recordingDirectory, `cam_${cameraId}/clips`, name)

beforeAll(async () => {
  fixture = await ClipFixture.start(4, { FFMPEG_PATH: ffmpeg.path })
  cameraId = await fixture.camera()
  const files = await awaitFact("three files: of the first two all is over", async () => {
    const found = await fixture.recordings(cameraId)
    return found.length >= 3 ? found : null
  })
  const from = Date.parse(files[0]?.start_time ?? "")
  range = { from, to: from + 3000 }
}, 120_000)

afterAll(async () => {
  await fixture.stop()
  ffmpeg.remove()
})

describe("a clip that cannot be made", () => {
  const day = 24 * 3_600_000
  const now = Date.now()
  it.each([
    ["from after to", { from: now - 1000, to: now - 2000, name: "a" }, "from"],
    ["nothing was recorded", { from: now - 9 * day, to: now - 9 * day + 1000, name: "a" }, "from"],
    ["40 days", { from: now - 40 * day, to: now, name: "a" }, "to"],
    ["a moment over 24 h", { from: now - day - 1, to: now, name: "a" }, "to"],
    ["the future", { from: now - 1000, to: now + day / 2, name: "a" }, "to"],
    ["a path", { from: now - 1000, to: now, name: "../../etc/passwd" }, "name"],
    ["a path of another system", { from: now - 1000, to: now, name: "..\\x" }, "name"],
    ["a hidden file", { from: now - 1000, to: now, name: ".camera" }, "name"],
    ["a control character", { from: now - 1000, to: now, name: "a\u0000b" }, "name"],
    ["no name", { from: now - 1000, to: now, name: " " }, "name"],
    ["a name without end", { from: now - 1000, to: now, name: "x".repeat(101) }, "name"],
  ])("is refused with the field that is wrong: %s", async (_, asked, field) => {
    const answer = await fixture.ask({ camera_id: cameraId, ...asked })
    expect(problemOf(answer)).toMatchObject({ status: 400, errors: [{ field }] })
    const { body } = await fixture.service.request("GET", `/api/clips?camera_id=${cameraId}`)
    expect(body).toEqual({ clips: [], next_cursor: null })
  })

  it("is refused where the camera, or the clip, is not known", async () => {
    expect((await fixture.ask({ camera_id: 99, ...range, name: "a" })).status).toBe(404)
    expect((await fixture.service.request("GET", "/api/clips/nonsense")).status).toBe(400)
    const unknown = "/api/clips/00000000-0000-4000-8000-000000000000"
    expect((await fixture.service.request("GET", unknown)).status).toBe(404)
    expect((await fixture.service.request("DELETE", unknown)).status).toBe(404)
  })
})

describe("the name of a clip", () => {
  it("is used once by a camera, also where two names give the same file, until the clip is deleted", async () => {
    const clip = await fixture.export({ camera_id: cameraId, ...range, name: "Back Door" })
    expect(clip.file_path).toBe(`cam_${cameraId}/clips/back-door.mp4`)
    expect((await fixture.ask({ camera_id: cameraId, ...range, name: "Back Door" })).status).toBe(409)
    expect((await fixture.ask({ camera_id: cameraId, ...range, name: "back-door!" })).status).toBe(409)
    expect((await fixture.service.request("DELETE", `/api/clips/${clip.id}`)).status).toBe(204)
    expect(fixture.clipNames(cameraId)).toEqual([])
    expect((await fixture.service.request("GET", `/api/clips/${clip.id}`)).status).toBe(404)
    const again = await fixture.export({ camera_id: cameraId, ...range, name: "Back Door" })
    expect(again.state).toBe("ready")
    await fixture.service.request("DELETE", `/api/clips/${again.id}`)
  })

  it("never replaces a file that somebody else put there", async () => {
    writeFileSync(clipPath("foreign.mp4"), "not a clip")
    expect((await fixture.ask({ camera_id: cameraId, ...range, name: "foreign" })).status).toBe(409)
    rmSync(clipPath("foreign.mp4"))
  })

  it("in another script gives a file of its own", async () => {
    const one = await fixture.export({ camera_id: cameraId, ...range, name: "門" })
    const other = await fixture.export({ camera_id: cameraId, ...range, name: "窓" })
    expect([one.state, other.state]).toEqual(["ready", "ready"])
    expect(one.file_path).not.toBe(other.file_path)
    expect(one.name).toBe("門")
  })
})

describe("the file of a clip", () => {
  it("has a name that a disk takes, also where letters become several, and none of the spaces around it", async () => {
    const long = await fixture.export({ camera_id: cameraId, ...range, name: "\u2167".repeat(100) })
    expect(long.state).toBe("ready")
    expect(long.file_path).toMatch(/\/clips\/(viii)+-[0-9a-f]{12}\.mp4$/)
    const other = await fixture.export({ camera_id: cameraId, ...range, name: "\u2167".repeat(99) })
    expect(other.file_path).not.toBe(long.file_path)
    const spaced = await fixture.export({ camera_id: cameraId, ...range, name: "  Garden " })
    expect(spaced).toMatchObject({ name: "Garden", file_path: `cam_${cameraId}/clips/garden.mp4` })
    expect((await fixture.ask({ camera_id: cameraId, ...range, name: " ../x" })).status).toBe(400)
    for (const { id } of [long, other, spaced]) await fixture.service.request("DELETE", `/api/clips/${id}`)
  })
})

describe("a request", () => {
  it.each([
    ["from", "from=2026-02-30T00:00:00Z"],
    ["to", "to=2026-01-14T24:00:00Z"],
    ["from", "from=2026-02-29T23:00:00-03:00"],
    ["limit", "limit=1&limit=2"],
  ])("is refused with the field that is wrong: %s of %s", async (field, text) => {
    const answer = await fixture.service.request("GET", `/api/recordings?camera_id=${cameraId}&${text}`)
    expect(problemOf(answer)).toMatchObject({ status: 400, errors: [{ field }] })
  })

  it("may name a leap day, and any part of a second", async () => {
    const text = "from=2024-02-29T23:59:59.123456789%2B14:00"
    const answer = await fixture.service.request("GET", `/api/recordings?camera_id=${cameraId}&${text}`)
    expect(answer.status).toBe(200)
  })
})

describe("a cancelled export", () => {
  it("leaves no file, and gives its name back", async () => {
    const names = fixture.clipNames(cameraId)
    ffmpeg.setRate(0.5)
    const { body } = await fixture.ask({ camera_id: cameraId, ...range, name: "cancelled" })
    const { id } = Schema.decodeUnknownSync(ClipAnswer)(body)
    expect((await fixture.service.request("DELETE", `/api/clips/${id}`)).status).toBe(204)
    ffmpeg.setRate(null)
    expect(fixture.clipNames(cameraId)).toEqual(names)
    expect((await fixture.get(id)).state).toBe("cancelled")
    const again = await fixture.export({ camera_id: cameraId, ...range, name: "cancelled" })
    expect(again.state).toBe("ready")
  })
})

describe("a removed camera", () => {
  it("keeps its clips listed, and its owner from being deleted, until they are", async () => {
    const { body } = await fixture.service.request("POST", "/api/owners", { name: "Clips", plan: "basic" })
    const ownerId = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.Int }))(body).id
    const id = await fixture.camera()
    await fixture.service.request("PATCH", `/api/cameras/${id}`, { owner_id: ownerId })
    const [file] = await awaitFact("a file", async () => {
      const files = await fixture.recordings(id)
      return files.length > 1 ? files : null
    })
    const from = Date.parse(file?.start_time ?? "")
    const clip = await fixture.export({ camera_id: id, from, to: from + 1500, name: "kept" })
    await fixture.service.request("DELETE", `/api/cameras/${id}`)
    const listed = await fixture.service.request("GET", `/api/clips?camera_id=${id}`)
    expect(listed.body).toMatchObject({ clips: [{ id: clip.id, state: "ready" }] })
    const refused = await fixture.service.request("DELETE", `/api/owners/${ownerId}`)
    expect(refused).toMatchObject({ status: 409, body: { type: "urn:vigia:problem:owner-has-clips" } })
    expect(JSON.stringify(refused.body)).toContain(`cam_${id}/clips/kept.mp4`)
    expect(existsSync(fixture.path(clip))).toBe(true)
    await fixture.service.request("DELETE", `/api/clips/${clip.id}`)
    expect((await fixture.service.request("DELETE", `/api/owners/${ownerId}`)).status).toBe(204)
  })
})

describe("a recording", () => {
  it("is protected in place, and is so no more when asked", async () => {
    const [file] = await fixture.recordings(cameraId)
    const path = `/api/recordings/${file?.id}/protection`
    const put = (isProtected: unknown) => fixture.service.request("PUT", path, { protected: isProtected })
    const stored = async () => {
      const { body } = await fixture.service.request("GET", `/api/recordings?camera_id=${cameraId}&limit=1`)
      return body
    }
    expect((await put(true)).status).toBe(200)
    expect(await stored()).toMatchObject({ recordings: [{ is_protected: true }] })
    expect((await put(false)).status).toBe(200)
    expect(await stored()).toMatchObject({ recordings: [{ is_protected: false }] })
    expect((await put("yes")).status).toBe(400)
    const unknown = await fixture.service.request("PUT", "/api/recordings/999999/protection", {
      protected: true,
    })
    expect(unknown.status).toBe(404)
  })
})
