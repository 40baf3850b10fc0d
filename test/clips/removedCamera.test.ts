import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { ClipFixture } from "./ClipFixture.ts"

let fixture: ClipFixture

beforeAll(async () => {
  fixture = await ClipFixture.start(4)
}, 120_000)

afterAll(() => fixture.stop())

describe("what a removed camera recorded", () => {
  it("is listed, and made into clips; the camera stays removed", async () => {
    const cameraId = await fixture.camera()
    const [file] = await awaitFact("three files: of the first two all is over", async () => {
      const found = await fixture.recordings(cameraId)
      return found.length >= 3 ? found : null
    })
    expect((await fixture.service.request("DELETE", `/api/cameras/${cameraId}`)).status).toBe(204)
    const notes = join(fixture.service.recordingDirectory, `cam_${cameraId}/.camera`)
    const noted = await awaitFact("its file says so", () => {
      const text = readFileSync(notes, "utf8")
      return /"deleted_at":\s*"/.test(text) ? text : null
    })
    expect((await fixture.recordings(cameraId)).map(({ id }) => id)).toContain(file?.id)
    const from = Date.parse(file?.start_time ?? "")
    const clip = await fixture.export({ camera_id: cameraId, from, to: from + 3000, name: "evidence" })
    expect(clip).toMatchObject({ state: "ready", error: null, gaps: [] })
    expect(readFileSync(notes, "utf8")).toBe(noted)
    expect((await fixture.service.request("GET", `/api/cameras/${cameraId}`)).status).toBe(404)
    expect((await fixture.service.request("GET", "/api/recordings?camera_id=99")).status).toBe(404)
  }, 120_000)
})
