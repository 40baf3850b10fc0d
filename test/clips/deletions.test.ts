import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sidecarPathOf } from "../../src/storage/clipSidecar.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { type ClipAnswer, ClipFixture } from "./ClipFixture.ts"

let fixture: ClipFixture
let cameraId = 0
let range = { from: 0, to: 0 }

beforeAll(async () => {
  fixture = await ClipFixture.start(4)
  cameraId = await fixture.camera()
  const [file] = await awaitFact("three files: of the first two all is over", async () => {
    const found = await fixture.recordings(cameraId)
    return found.length >= 3 ? found : null
  })
  const from = Date.parse(file?.start_time ?? "")
  range = { from, to: from + 3000 }
}, 120_000)

afterAll(() => fixture.stop())

const made = async (name: string): Promise<ClipAnswer> => {
  const clip = await fixture.export({ camera_id: cameraId, ...range, name })
  expect(clip.state).toBe("ready")
  return clip
}

const remove = (clip: ClipAnswer) => fixture.service.request("DELETE", `/api/clips/${clip.id}`)
const statusOf = async (clip: ClipAnswer) =>
  (await fixture.service.request("GET", `/api/clips/${clip.id}`)).status

describe("the deletion of a clip", () => {
  it("takes the file that its row names where there is no sidecar, and gives the name back", async () => {
    const clip = await made("widowed")
    rmSync(sidecarPathOf(fixture.path(clip)))
    expect((await remove(clip)).status).toBe(204)
    expect(existsSync(fixture.path(clip))).toBe(false)
    expect(await statusOf(clip)).toBe(404)
    expect((await remove(await made("widowed"))).status).toBe(204)
  })

  it("leaves the file of another clip, and says so", async () => {
    const clip = await made("mine")
    const path = sidecarPathOf(fixture.path(clip))
    const text = readFileSync(path, "utf8")
    writeFileSync(path, text.replace(clip.id, "0c0ffee0-0000-4000-8000-000000000000"))
    expect(await remove(clip)).toMatchObject({
      status: 409,
      body: { type: "urn:vigia:problem:clip-file-foreign" },
    })
    expect(existsSync(fixture.path(clip))).toBe(true)
    expect(await statusOf(clip)).toBe(200)
    writeFileSync(path, text)
    expect((await remove(clip)).status).toBe(204)
  })

  it("names the error of a disk that refuses, and is done when asked again", async () => {
    const clip = await made("refused")
    const path = fixture.path(clip)
    renameSync(path, `${path}.kept`)
    // What unlink(2) refuses, whoever asks.
    mkdirSync(path)
    const refused = await remove(clip)
    expect(refused).toMatchObject({ status: 503, body: { type: "urn:vigia:problem:clip-not-removed" } })
    expect(JSON.stringify(refused.body)).toContain(": EISDIR")
    expect((await remove(clip)).status).toBe(503)
    rmdirSync(path)
    renameSync(`${path}.kept`, path)
    expect((await remove(clip)).status).toBe(204)
    expect(existsSync(path)).toBe(false)
    expect((await remove(clip)).status).toBe(404)
  })

  it("leaves what lies behind a symbolic link, and says where; nothing is exported there either", async () => {
    const clip = await made("within")
    const directory = join(fixture.service.recordingDirectory, `cam_${cameraId}/clips`)
    const elsewhere = join(fixture.service.directory, "elsewhere")
    renameSync(directory, elsewhere)
    symlinkSync(elsewhere, directory)
    const before = readdirSync(elsewhere)
    const problem = {
      status: 409,
      body: { type: "urn:vigia:problem:clip-directory-linked", detail: expect.stringContaining("cam_") },
    }
    expect(await remove(clip)).toMatchObject(problem)
    expect(await fixture.ask({ camera_id: cameraId, ...range, name: "behind" })).toMatchObject(problem)
    expect(readdirSync(elsewhere)).toEqual(before)
    expect(await fixture.get(clip.id)).toMatchObject({ state: "ready" })
    rmSync(directory)
    renameSync(elsewhere, directory)
    expect((await remove(clip)).status).toBe(204)
  })
})

describe("a clip whose file went by hand", () => {
  it("is listed as missing once disk and catalog were compared, is ready when it is back, and can be deleted", async () => {
    const clip = await made("by hand")
    const path = fixture.path(clip)
    const becomes = async (state: ClipAnswer["state"]) => {
      // One that runs may have looked before.
      await awaitFact("no comparison runs", async () => {
        const { body } = await fixture.service.request("GET", "/api/repair")
        return !Schema.decodeUnknownSync(Schema.Struct({ running: Schema.Boolean }))(body).running
      })
      await fixture.service.request("POST", "/api/repair")
      await awaitFact(`it is ${state}`, async () => (await fixture.get(clip.id)).state === state)
    }
    renameSync(path, `${path}.kept`)
    await becomes("missing")
    expect(await fixture.get(clip.id)).toEqual({ ...clip, state: "missing" })
    renameSync(`${path}.kept`, path)
    await becomes("ready")
    renameSync(path, `${path}.kept`)
    await becomes("missing")
    expect((await remove(clip)).status).toBe(204)
  })
})
