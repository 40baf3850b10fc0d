import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { signalProcess } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { RecordingFixture } from "./RecordingFixture.ts"

const RepairState = Schema.Struct({
  running: Schema.Boolean,
  last: Schema.NullOr(Schema.Struct({ kind: Schema.String, unowned_paths: Schema.Array(Schema.String) })),
})
const CleanupState = Schema.Struct({
  running: Schema.NullOr(Schema.Unknown),
  passes: Schema.Array(
    Schema.Struct({
      files: Schema.Int,
      error_list: Schema.Array(Schema.Struct({ path: Schema.NullOr(Schema.String), code: Schema.String })),
    }),
  ),
})

let fixture: RecordingFixture
let cameraId: number

beforeAll(async () => {
  fixture = await RecordingFixture.start({
    RECORDING_SEGMENT_DURATION: "3",
    RECORDING_RETRY_PERMANENT: "0.5",
  })
  cameraId = await fixture.addRecording()
}, 60_000)

afterAll(() => fixture.stop())

const cameraPath = (): string => join(fixture.service.recordingDirectory, `cam_${cameraId}`)

/** Every name in the directory of the camera, with what could have been changed of it. */
const listing = (): ReadonlyArray<string> =>
  readdirSync(cameraPath(), { recursive: true, encoding: "utf8" })
    .map((name) => {
      const { ino, size, mtimeNs, nlink } = lstatSync(join(cameraPath(), name), { bigint: true })
      return [name, ino, size, mtimeNs, nlink].join(" ")
    })
    .toSorted()

const rows = () => fixture.service.rows("SELECT file_path, file_size FROM recordings ORDER BY 1")

describe("a directory that is another camera's by its .camera file", () => {
  it("is set aside: nothing in it is adopted, settled, protected, deleted or added to, until it is gone", async () => {
    const { service } = fixture
    await awaitFact("a file is closed", async () => (await rows()).length >= 3)
    await service.end("SIGKILL")
    for (const run of service.runs()) signalProcess(run, "SIGKILL")
    await awaitFact("its run is dead", () => service.runs().length === 0)
    expect(readdirSync(join(cameraPath(), ".runs"))).toHaveLength(1)
    await service.rows(`UPDATE recordings SET start_time = start_time - interval '40 days',
      end_time = end_time - interval '40 days'
      WHERE id = (SELECT min(id) FROM recordings) RETURNING id`)
    const before = await rows()
    const [expired] = before
    const file = join(cameraPath(), ".camera")
    const text = readFileSync(file, "utf8")
    const identity = "00000000-0000-4000-8000-000000000000"
    writeFileSync(file, JSON.stringify({ ...JSON.parse(text), identity }))
    mkdirSync(join(cameraPath(), "clips"))
    writeFileSync(join(cameraPath(), `clips/.export-${identity}.mp4`), "of another service")
    const found = listing()

    await service.start()

    await awaitFact("the camera waits", async () => (await fixture.status(cameraId)).state === "backoff")
    const status = await service.request("GET", `/api/recording/status/${cameraId}`)
    expect(status.body).toMatchObject({
      is_recording: false,
      cause: "disk_failed",
      detail: expect.stringContaining("holds recordings of another camera"),
      alerts: [{ kind: "camera_attention", cause: "disk_failed" }],
    })
    const { last } = await awaitFact("disk and catalog were compared", async () => {
      const { body } = await service.request("GET", "/api/repair")
      const state = Schema.decodeUnknownSync(RepairState)(body)
      return state.last?.kind === "full" && !state.running ? state : null
    })
    expect(last?.unowned_paths).toEqual([`cam_${cameraId}`])
    await service.request("POST", "/api/cleanup")
    const [pass] = await awaitFact("a cleanup has ended", async () => {
      const { body } = await service.request("GET", "/api/cleanup")
      const { running, passes } = Schema.decodeUnknownSync(CleanupState)(body)
      return running === null && passes.length > 0 ? passes : null
    })
    expect(pass).toMatchObject({ files: 0, error_list: [{ code: "foreign directory" }] })
    const [row] = await service.rows("SELECT max(id)::int AS id FROM recordings")
    const { id } = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.Int }))(row)
    const protection = `/api/recordings/${id}/protection`
    expect(await service.request("PUT", protection, { protected: true })).toMatchObject({
      status: 503,
      body: { type: "urn:vigia:problem:protection-not-written" },
    })
    expect(listing()).toEqual(found)
    expect(await rows()).toEqual(before)
    expect(await rows()).toContainEqual(expired)

    writeFileSync(file, text)
    await fixture.records(cameraId)
    expect((await service.request("PUT", protection, { protected: true })).status).toBe(200)
  }, 120_000)
})
