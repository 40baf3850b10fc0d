import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { isProcessAlive } from "../../src/recorder/processes.ts"
import { examineFile } from "./recordedFile.ts"
import { RecordingFixture } from "./RecordingFixture.ts"

const Problem = Schema.Struct({
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  errors: Schema.optionalKey(Schema.Array(Schema.Struct({ field: Schema.String, message: Schema.String }))),
})

/** One service with one camera that records all the while; what is asked of it must leave both as they are. */
const opened: { fixture: RecordingFixture | null; cameraId: number } = { fixture: null, cameraId: 0 }

const running = (): RecordingFixture => {
  if (opened.fixture === null) throw new Error("the service was not started")
  return opened.fixture
}

/** What no bad request may change. */
const standing = async () => ({
  cameras: (await running().service.request("GET", "/api/cameras")).body,
  owners: (await running().service.request("GET", "/api/owners")).body,
  processes: running().service.runs(),
})

interface Request {
  readonly method: string
  readonly path: string
  /** As it is sent. */
  readonly text?: string
}

/** What came of a request: its problem details, and whether it changed or started anything. */
const outcomeOf = async ({ method, path, text }: Request) => {
  const before = await standing()
  const response = await fetch(`${running().service.address}${path}`, {
    method,
    ...(text === undefined ? {} : { body: text, headers: { "content-type": "application/json" } }),
  })
  const problem = Schema.decodeUnknownSync(Problem)(await response.json())
  const after = await standing()
  return {
    status: response.status,
    contentType: response.headers.get("content-type"),
    statusInBody: problem.status,
    fields: problem.errors?.map(({ field }) => field) ?? [],
    changedNothing: isDeepStrictEqual(before, after),
  }
}

const refusal = (status: number, ...fields: ReadonlyArray<string>) => ({
  status,
  contentType: "application/problem+json",
  statusInBody: status,
  fields,
  changedNothing: true,
})

beforeAll(async () => {
  opened.fixture = await RecordingFixture.start()
  opened.cameraId = await running().addRecording()
})

afterAll(() => opened.fixture?.stop())

const badUrls: ReadonlyArray<readonly [name: string, url: unknown]> = [
  ["file:", "file:///etc/passwd"],
  ["concat:", "concat:/etc/passwd|/etc/hostname"],
  ["an option", "-i"],
  ["an option with a value", "-i /etc/passwd"],
  ["http:", "http://127.0.0.1/stream"],
  ["data:", "data:text/plain,x"],
  ["a scheme inside", "tee:rtsp://127.0.0.1/x"],
  ["no scheme", "127.0.0.1/stream"],
  ["no host", "rtsp:///stream"],
  ["no authority", "rtsp:127.0.0.1"],
  ["a newline", "rtsp://127.0.0.1/a\nb"],
  ["a newline at the end", "rtsp://127.0.0.1/a\n"],
  ["a NUL", "rtsp://127.0.0.1/a\u0000b"],
  ["a space", "rtsp://127.0.0.1/a b"],
  ["10 kB", `rtsp://127.0.0.1/${"a".repeat(10_240)}`],
  ["nothing", ""],
  ["a number", 5],
  ["null", null],
]

describe("a wrong camera URL", () => {
  it.each(badUrls)("%s: is refused for a new camera and for a known one", async (_name, url) => {
    const added = JSON.stringify({ owner_id: running().ownerId, name: "bad", url })
    const changed = JSON.stringify({ url })
    const path = `/api/cameras/${opened.cameraId}`
    expect(await outcomeOf({ method: "POST", path: "/api/cameras", text: added })).toEqual(
      refusal(400, "url"),
    )
    expect(await outcomeOf({ method: "PATCH", path, text: changed })).toEqual(refusal(400, "url"))
  })
})

const range = "from=2026-01-14T15:00:00Z&to=2026-01-14T16:00:00Z"
const unknown = 2_000_000

/** With the field that names it, where that is not the path. */
const unknownCamera: ReadonlyArray<Request & { readonly field?: string }> = [
  { method: "GET", path: `/api/cameras/${unknown}` },
  { method: "PATCH", path: `/api/cameras/${unknown}`, text: '{"name":"x"}' },
  { method: "DELETE", path: `/api/cameras/${unknown}` },
  { method: "GET", path: `/api/cameras/${unknown}/coverage?${range}` },
  { method: "GET", path: `/api/recordings?camera_id=${unknown}`, field: "camera_id" },
  { method: "GET", path: `/api/recording/status/${unknown}` },
  { method: "POST", path: "/api/recording/start", text: `{"camera_id":${unknown}}`, field: "camera_id" },
  { method: "POST", path: "/api/recording/stop/", text: `{"camera_id":${unknown}}`, field: "camera_id" },
]

describe("an unknown camera", () => {
  it.each(unknownCamera)("$method $path: is not found", async ({ field, ...request }) => {
    expect(await outcomeOf(request)).toEqual(field === undefined ? refusal(404) : refusal(404, field))
  })
})

const wrongBodies: ReadonlyArray<readonly [method: string, path: string, text: string, field: string]> = [
  ["POST", "/api/cameras", "camera", "body"],
  ["POST", "/api/cameras", "", "body"],
  ["POST", "/api/cameras", '{"owner_id":1', "body"],
  ["POST", "/api/cameras", "[]", "body"],
  ["POST", "/api/recording/start", "not json", "body"],
  ["POST", "/api/recording/start", "{}", "camera_id"],
  ["POST", "/api/recording/start", '{"camera_id":"1"}', "camera_id"],
  ["POST", "/api/recording/start", '{"camera_id":1.5}', "camera_id"],
  ["POST", "/api/recording/stop", '{"camera_id":-1}', "camera_id"],
  ["POST", "/api/recording/stop", '{"camera_id":99999999999}', "camera_id"],
  ["POST", "/api/recording/stop", '{"camera_id":1,"force":true}', "force"],
  ["POST", "/api/owners", '{"name":"x","plan":"gold"}', "plan"],
  ["POST", "/api/owners", '{"name":"","plan":"pro"}', "name"],
  ["POST", "/api/cameras", '{"owner_id":1,"name":7,"url":"rtsp://127.0.0.1/x"}', "name"],
  ["POST", "/api/cameras", '{"owner_id":"1","name":"x","url":"rtsp://127.0.0.1/x"}', "owner_id"],
  [
    "POST",
    "/api/cameras",
    '{"owner_id":1,"name":"x","url":"rtsp://127.0.0.1/x","transport":"sctp"}',
    "transport",
  ],
  ["POST", "/api/cameras", '{"owner_id":1,"name":"a\\nb","url":"rtsp://127.0.0.1/x"}', "name"],
  [
    "POST",
    "/api/cameras",
    '{"owner_id":1,"name":"x","url":"rtsp://127.0.0.1/x","recording_enabled":"yes"}',
    "recording_enabled",
  ],
  ["GET", "/api/cameras/one", "", "id"],
  ["GET", "/api/cameras/0", "", "id"],
  ["GET", "/api/cameras/..%2f..%2fetc%2fpasswd", "", "id"],
  ["GET", "/api/recording/status/1e3", "", "id"],
  ["GET", "/api/recordings", "", "camera_id"],
  ["GET", "/api/recordings?camera_id=1&limit=0", "", "limit"],
  ["POST", "/api/recording/stop?force=true", '{"camera_id":1}', "force"],
  ["GET", "/api/recordings?camera_id=1&from=yesterday", "", "from"],
  ["GET", "/api/cameras/1/coverage?from=2026-01-14T15:00:00Z", "", "to"],
  ["GET", "/api/cameras/1/coverage?from=2026-01-14T15:00:00Z&to=2026-01-14T14:00:00Z", "", "from"],
]

describe("a request that is not understood", () => {
  it.each(wrongBodies)("%s %s %s: names %s", async (method, path, text, field) => {
    const request = method === "GET" ? { method, path } : { method, path, text }
    expect(await outcomeOf(request)).toEqual(refusal(400, field))
  })

  it("is not found where there is nothing", async () => {
    expect(await outcomeOf({ method: "GET", path: "/api/nothing" })).toEqual(refusal(404))
  })

  it.each([
    ["too large, above 64 KiB", { name: "x".repeat(70_000) }, refusal(413)],
    ["of an unknown owner", { owner_id: unknown }, refusal(404, "owner_id")],
  ])("is refused when it is %s", async (_name, fields, expected) => {
    const text = JSON.stringify({ owner_id: 1, name: "x", url: "rtsp://127.0.0.1/x", ...fields })
    expect(await outcomeOf({ method: "POST", path: "/api/cameras", text })).toEqual(expected)
  })
})

describe("a camera that records", () => {
  it("is not started a second time", async () => {
    const before = await standing()
    const file = (await running().status(opened.cameraId)).current_file
    const answer = await running().service.request("POST", "/api/recording/start/", {
      camera_id: opened.cameraId,
    })
    expect(answer).toMatchObject({
      status: 200,
      body: { camera_id: opened.cameraId, already_recording: true, message: "the camera already records" },
    })
    expect(await standing()).toEqual(before)
    expect((await running().status(opened.cameraId)).current_file).toBe(file)
  })

  it("is ended when it is deleted; its recording stays", async () => {
    const others = running().service.runs()
    const id = await running().addRecording()
    const own = running()
      .service.runs()
      .filter(({ pid }) => !others.some((other) => other.pid === pid))
    expect(own.length).toBe(1)
    const file = join(running().service.recordingDirectory, (await running().status(id)).current_file ?? "")
    expect((await running().service.request("DELETE", `/api/cameras/${id}`)).status).toBe(204)
    await awaitFact("FFmpeg has gone", () => !own.some(isProcessAlive))
    expect(running().service.runs()).toEqual(others)
    expect((await running().service.request("GET", `/api/cameras/${id}`)).status).toBe(404)
    const { videoFrames, decodeErrors } = await examineFile(file)
    expect(videoFrames).toBeGreaterThan(0)
    expect(decodeErrors).toBe("")
  })
})
