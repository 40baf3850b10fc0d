import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Owner } from "../../src/domain/Owner.ts"
import type { StoredCamera } from "../../src/storage/Cameras.ts"
import { RecordingsDirectory } from "../../src/storage/RecordingsDirectory.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"

const owner: Owner = { id: 1, name: "Ana", plan: "basic", quotaBytes: null, createdAtMillis: 0 }
const camera: StoredCamera = {
  id: 3,
  identity: "5f0c8c0e-5b1c-4f0a-9d0e-2d3a4b5c6d7e",
  ownerId: 1,
  name: "Door",
  url: Redacted.make("rtsp://u:secret@h/1"),
  transport: "tcp",
  recordingEnabled: true,
  retentionDays: null,
  quotaBytes: null,
  profile: null,
  createdAtMillis: 0,
}

describe("RecordingsDirectory", () => {
  let root: string
  let directory: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "vigia-recordings-"))
    directory = join(root, "recordings")
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))
  const opened = <A, E>(use: (opened: RecordingsDirectory["Service"]) => Effect.Effect<A, E>) => {
    const stateDirectory = join(root, "state")
    const layer = RecordingsDirectory.layer({ directory, stateDirectory }).pipe(
      Layer.provide(SecretBox.layer({ stateDirectory })),
    )
    return Effect.runPromise(Effect.flatMap(RecordingsDirectory, use).pipe(Effect.provide(layer)))
  }
  const installation = () => opened((one) => Effect.succeed(one.installation))

  it("marks a directory that does not exist or is empty, once", async () => {
    const first = await installation()
    expect(readFileSync(join(directory, ".vigia"), "utf8")).toContain(first)
    expect(await installation()).toBe(first)
  })

  it("takes a fresh file system for empty", async () => {
    mkdirSync(join(directory, "lost+found"), { recursive: true })
    expect(await installation()).toMatch(/^[0-9a-f-]{36}$/)
  })

  it("refuses a directory with files and no marker, and changes nothing in it", async () => {
    mkdirSync(directory)
    writeFileSync(join(directory, "photo.jpg"), "")
    const error = await installation().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ _tag: "MarkerMissing" })
    expect(String(error)).toContain(`touch ${join(directory, ".vigia")}`)
    expect(readdirSync(directory)).toEqual(["photo.jpg"])
    writeFileSync(join(directory, ".vigia"), "")
    expect(await installation()).toMatch(/^[0-9a-f-]{36}$/)
  })

  it("does not take a missing mount for a first start", async () => {
    await installation()
    rmSync(directory, { recursive: true })
    mkdirSync(directory)
    await expect(installation()).rejects.toMatchObject({ _tag: "MarkerMissing" })
    expect(readdirSync(directory)).toEqual([])
  })

  it("notices before a run that the marker is gone or another", async () => {
    await opened((one) =>
      Effect.gen(function* () {
        yield* one.assertPresent
        writeFileSync(join(directory, ".vigia"), JSON.stringify({ installation: "another" }))
        expect(yield* Effect.flip(one.assertPresent)).toMatchObject({ _tag: "MarkerMissing" })
        rmSync(join(directory, ".vigia"))
        expect(yield* Effect.flip(one.prepareCamera(camera, owner))).toMatchObject({ _tag: "MarkerMissing" })
        expect(existsSync(join(directory, "cam_3"))).toBe(false)
      }),
    )
  })

  it("writes who a camera is, without its password, and only when that changed", async () => {
    await opened((one) =>
      Effect.gen(function* () {
        const path = yield* one.prepareCamera(camera, owner)
        const file = join(path, ".camera")
        const text = readFileSync(file, "utf8")
        expect(JSON.parse(text)).toMatchObject({
          camera_id: 3,
          identity: camera.identity,
          installation: one.installation,
          owner: { name: "Ana", plan: "basic" },
        })
        expect(text).not.toContain("secret@")
        yield* one.prepareCamera(camera, owner)
        expect(readFileSync(file, "utf8")).toBe(text)
        yield* one.prepareCamera(camera, { ...owner, plan: "premium" })
        expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ owner: { plan: "premium" } })
        expect(readdirSync(path)).toEqual([".camera"])
        expect(statSync(file).mode & 0o777).toBe(0o600)
      }),
    )
  })

  it("takes the directory of a camera along when the marker was made anew", async () => {
    await opened((one) => one.prepareCamera(camera, owner))
    writeFileSync(join(directory, ".vigia"), "")
    await opened((one) =>
      Effect.gen(function* () {
        const path = yield* one.prepareCamera(camera, owner)
        expect(JSON.parse(readFileSync(join(path, ".camera"), "utf8"))).toMatchObject({
          installation: one.installation,
        })
      }),
    )
  })

  it("writes down who owns a camera, its switch and its codecs", async () => {
    await opened((one) =>
      Effect.gen(function* () {
        const off = { ...camera, recordingEnabled: false, profile: { videoCodec: "hevc", audioCodec: "aac" } }
        const path = yield* one.prepareCamera(off, owner)
        expect(JSON.parse(readFileSync(join(path, ".camera"), "utf8"))).toMatchObject({
          owner: { id: 1, created_at: "1970-01-01T00:00:00.000Z", deleted_at: null },
          recording_enabled: false,
          video_codec: "hevc",
          audio_codec: "aac",
          deleted_at: null,
        })
      }),
    )
  })

  it("mixes nothing into the directory of another camera", async () => {
    await opened((one) =>
      Effect.gen(function* () {
        const path = yield* one.prepareCamera(camera, owner)
        const before = readFileSync(join(path, ".camera"), "utf8")
        const other = { ...camera, identity: "00000000-0000-4000-8000-000000000000" }
        expect(yield* Effect.flip(one.prepareCamera(other, owner))).toMatchObject({
          _tag: "ForeignCameraDirectory",
          cameraId: 3,
        })
        expect(readFileSync(join(path, ".camera"), "utf8")).toBe(before)
      }),
    )
  })

  it("tells the highest camera on disk, and the free space", async () => {
    await opened((one) =>
      Effect.gen(function* () {
        expect(yield* one.highestCameraId).toBe(0)
        for (const name of ["cam_7", "cam_12", "cam_x", "cam_9999999999"]) mkdirSync(join(directory, name))
        expect(yield* one.highestCameraId).toBe(12)
        const { freeBytes, totalBytes } = yield* one.diskSpace
        expect(freeBytes).toBeGreaterThan(0)
        expect(totalBytes).toBeGreaterThanOrEqual(freeBytes)
      }),
    )
  })

  it.each([
    ["is gone, as of a file system that is not mounted any more", () => rmSync(join(directory, ".vigia"))],
    [
      "is another's",
      () => writeFileSync(join(directory, ".vigia"), JSON.stringify({ installation: "another" })),
    ],
  ])("says nothing of the disk below it when its marker %s", async (_what, change) => {
    await opened((one) =>
      Effect.gen(function* () {
        change()
        expect(yield* Effect.flip(one.diskSpace)).toMatchObject({ _tag: "MarkerMissing", directory })
      }),
    )
  })

  it("names the path that cannot be made", async () => {
    writeFileSync(join(root, "file"), "")
    directory = join(root, "file", "recordings")
    await expect(installation()).rejects.toMatchObject({ _tag: "DirectoryUnusable", code: "ENOTDIR" })
  })
})
