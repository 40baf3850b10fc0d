import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { allPids, commandLineOf } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"
import { ClipAnswer, ClipFixture } from "./ClipFixture.ts"
import { packetHashes } from "./packetHashes.ts"

const programs = mkdtempSync(join(tmpdir(), "vigia-clips-"))
const hangSwitch = join(programs, "hang")

/** FFmpeg, but an export begins its file and then hangs while there is a file `hang`. */
const hangingFfmpeg = `#!/bin/sh
case "$*" in *"-f concat"*)
  for last; do :; done
  if [ -e ${hangSwitch} ]; then : > "$last"; read -r _ < ${join(programs, "never")}; fi
esac
exec ffmpeg "$@"
`

let fixture: ClipFixture
let cameraId = 0
let range = { from: 0, to: 0 }

/** The processes of one export: other tests export at the same time. */
const writersOf = (id: string) =>
  allPids().filter((pid) => commandLineOf(pid)?.at(-1)?.includes(`/.export-${id}`) === true)

/** Asks for a clip whose export hangs in the middle of its file. */
const hangingExport = async (name: string): Promise<string> => {
  writeFileSync(hangSwitch, "")
  const { body } = await fixture.ask({ camera_id: cameraId, ...range, name })
  const { id } = Schema.decodeUnknownSync(ClipAnswer)(body)
  await awaitFact("the export has begun its file", () =>
    existsSync(join(fixture.service.recordingDirectory, `cam_${cameraId}/clips/.export-${id}.mp4`)),
  )
  expect(writersOf(id)).toHaveLength(1)
  rmSync(hangSwitch)
  return id
}

beforeAll(async () => {
  // Opened by nobody else: who reads it hangs without a process of its own.
  execFileSync("mkfifo", [join(programs, "never")])
  for (const [name, text] of [
    ["ffmpeg", hangingFfmpeg],
    ["ffprobe", '#!/bin/sh\nexec ffprobe "$@"\n'],
  ] as const) {
    writeFileSync(join(programs, name), text)
    chmodSync(join(programs, name), 0o755)
  }
  fixture = await ClipFixture.start(4, { FFMPEG_PATH: join(programs, "ffmpeg") })
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
  rmSync(programs, { recursive: true })
})

describe("an export that is cut short", () => {
  it("by its cancellation in the middle of the file ends its process and leaves nothing", async () => {
    const id = await hangingExport("cancelled")
    expect((await fixture.service.request("DELETE", `/api/clips/${id}`)).status).toBe(204)
    expect(fixture.clipNames(cameraId)).toEqual([])
    expect(writersOf(id)).toEqual([])
    expect((await fixture.get(id)).state).toBe("cancelled")
  })

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "by %s of the service has failed at the next start, and left nothing",
    async (signal) => {
      const id = await hangingExport(signal)
      await fixture.service.end(signal)
      await fixture.service.start()
      expect(await fixture.get(id)).toMatchObject({ state: "failed", file_path: null })
      expect(fixture.clipNames(cameraId)).toEqual([])
      expect(writersOf(id)).toEqual([])
    },
    120_000,
  )
})

describe("a clip on disk under the name of another one", () => {
  it("is listed after the start; the export that its database knows has failed", async () => {
    const clip = await fixture.export({ camera_id: cameraId, ...range, name: "from a backup" })
    const exporting = await hangingExport("in the way")
    await fixture.service.end("SIGKILL")
    const named = (name: string) => join(fixture.service.recordingDirectory, `cam_${cameraId}/clips`, name)
    renameSync(fixture.path(clip), named("in-the-way.mp4"))
    const sidecar: unknown = JSON.parse(readFileSync(named("from-a-backup.json"), "utf8"))
    if (typeof sidecar !== "object") throw new Error("no sidecar")
    rmSync(named("from-a-backup.json"))
    const other = { clip_id: "0c0ffee0-0000-4000-8000-000000000000", name: "in the way" }
    writeFileSync(named("in-the-way.json"), JSON.stringify({ ...sidecar, ...other, file: "in-the-way.mp4" }))
    await fixture.service.start()
    expect(fixture.service.alive).toBe(true)
    expect(await fixture.get(exporting)).toMatchObject({ state: "failed", file_path: null })
    expect(await fixture.get(other.clip_id)).toMatchObject({
      state: "ready",
      file_path: `cam_${cameraId}/clips/in-the-way.mp4`,
    })
    for (const id of [other.clip_id, clip.id]) {
      expect((await fixture.service.request("DELETE", `/api/clips/${id}`)).status).toBe(204)
    }
    expect(fixture.clipNames(cameraId)).toEqual([])
  }, 120_000)
})

describe("clips of a lost database", () => {
  it("are listed again from their sidecars; what does not fit together is told and left alone", async () => {
    const clip = await fixture.export({ camera_id: cameraId, ...range, name: "Évidence nº 1", exact: true })
    expect(clip.state).toBe("ready")
    const hashes = packetHashes(fixture.path(clip), "v")
    const clipPath = (name: string) => join(fixture.service.recordingDirectory, `cam_${cameraId}/clips`, name)
    writeFileSync(clipPath("nobody.mp4"), "a file without its sidecar")
    writeFileSync(clipPath("widow.json"), "{}")
    const names = fixture.clipNames(cameraId)
    const list = async () => (await fixture.service.request("GET", `/api/clips?camera_id=${cameraId}`)).body
    const Listed = Schema.Struct({ clips: Schema.Array(ClipAnswer) })
    const before = Schema.decodeUnknownSync(Listed)(await list()).clips.filter((one) => one.id === clip.id)
    await fixture.service.end("SIGTERM")
    const database = await makeTestDatabase()
    try {
      await fixture.service.start({ environment: { POSTGRES_DB: database.settings.database } })
      expect(Schema.decodeUnknownSync(Listed)(await list()).clips).toEqual(before)
      expect(before).toHaveLength(1)
      expect(fixture.service.log).toContain("nobody.mp4 is left alone")
      expect(fixture.service.log).toContain("widow.json is left alone")
      await awaitFact("disk and catalog were compared", async () => {
        const { body } = await fixture.service.request("GET", "/api/repair")
        return Schema.decodeUnknownSync(Schema.Struct({ last: Schema.Unknown }))(body).last
      })
      const { body } = await fixture.service.request("GET", "/api/repair")
      expect(body).toMatchObject({ last: { unowned: 0 } })
      expect(fixture.clipNames(cameraId)).toEqual(names)
      expect(packetHashes(fixture.path(clip), "v")).toEqual(hashes)
      expect((await fixture.ask({ camera_id: cameraId, ...range, name: "Évidence nº 1" })).status).toBe(409)
    } finally {
      await fixture.service.end("SIGTERM")
      await database.dispose()
    }
  }, 120_000)
})
