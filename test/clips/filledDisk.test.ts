import { execFileSync } from "node:child_process"
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { RecordingsAnswer, StatusAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { ClipAnswer } from "./ClipFixture.ts"
import { packetHashes } from "./packetHashes.ts"
import { plainPictures, SourceScene } from "./SourceScene.ts"

const canMount = process.getuid?.() === 0
const mebibyte = 2 ** 20
const reserveBytes = 3 * mebibyte

const mountMemory = (path: string, size: string): void => {
  mkdirSync(path, { recursive: true })
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "vigia-test", path])
}

let simulator: SimulatorProcess
let service: VigiaService

const recordings = async () =>
  Schema.decodeUnknownSync(RecordingsAnswer)(
    (await service.request("GET", "/api/recordings?camera_id=1&limit=1000")).body,
  ).recordings
const freeBytes = () => {
  const { bavail, bsize } = statfsSync(service.recordingDirectory)
  return bavail * bsize
}
const fillUpTo = (leftBytes: number) => {
  const size = freeBytes() - leftBytes
  if (size > 0) appendFileSync(join(service.recordingDirectory, "filler"), Buffer.alloc(size))
}
const clipOf = async (name: string, from: string, to: string) => {
  const asked = { camera_id: 1, name, from, to }
  const { id } = Schema.decodeUnknownSync(ClipAnswer)(
    (await service.request("POST", "/api/clips", asked)).body,
  )
  return awaitFact(`clip ${name} has ended`, async () => {
    const { body } = await service.request("GET", `/api/clips/${id}`)
    const clip = Schema.decodeUnknownSync(ClipAnswer)(body)
    return clip.state === "exporting" ? null : clip
  })
}
const isRecording = async () =>
  Schema.decodeUnknownSync(StatusAnswer)((await service.request("GET", "/api/recording/status/1")).body)
    .is_recording
const clipNames = () => readdirSync(join(service.recordingDirectory, "cam_1/clips")).toSorted()

// mount(2) is for root alone: elsewhere there is no small file system to fill.
describe.skipIf(!canMount)("on a disk that gets full", () => {
  beforeAll(async () => {
    const clipDirectory = resolve("test/.cache/clips")
    simulator = await SimulatorProcess.start({ clipDirectory, cameras: [{ path: "camera" }] })
    service = await VigiaService.make({
      environment: {
        RECORDING_SEGMENT_DURATION: "2",
        RECORDING_DISK_CRITICAL: "100",
        RECORDING_DISK_RESERVE: `${reserveBytes / mebibyte}M`,
      },
    })
    mountMemory(service.recordingDirectory, "32m")
    await service.start()
    await service.request("POST", "/api/owners", { name: "Ana", plan: "basic" })
    const { url } = simulator.camera("camera")
    await service.request("POST", "/api/cameras", { owner_id: 1, name: "camera", url })
    await awaitFact("some files are closed", async () =>
      (await isRecording()) ? (await recordings()).length >= 6 : false,
    )
  }, 120_000)

  afterAll(async () => {
    await service.end()
    execFileSync("umount", [service.recordingDirectory])
    await service.remove()
    await simulator.stop()
  })

  it("clips and protected recordings stay while others go; an export without room says so and leaves nothing", async () => {
    const [first, second, third] = await recordings()
    const clip = await clipOf("kept", first?.start_time ?? "", second?.end_time ?? "")
    expect(clip).toMatchObject({ state: "ready" })
    const clipPath = join(service.recordingDirectory, clip.file_path ?? "")
    const hashes = packetHashes(clipPath, "v")
    await service.request("PUT", `/api/recordings/${second?.id}/protection`, { protected: true })
    // Recording goes on a tenth above the reserve: some of the files are enough for that.
    fillUpTo(reserveBytes - 16 * 1024)
    await awaitFact("the oldest are gone", async () => {
      const left = (await recordings()).map(({ id }) => id)
      return ![first?.id, third?.id].some((id) => left.includes(id ?? 0))
    })
    expect((await recordings()).map(({ id }) => id)).toContain(second?.id)
    expect(existsSync(join(service.recordingDirectory, second?.file_path ?? ""))).toBe(true)
    expect(packetHashes(clipPath, "v")).toEqual(hashes)

    // More than all recordings take: nothing more goes for it.
    fillUpTo(reserveBytes / 3)
    const refused = await clipOf("no room", second?.start_time ?? "", second?.end_time ?? "")
    expect(refused).toMatchObject({ state: "failed", file_path: null })
    expect(refused.error).toMatch(/^the disk has no room for \d+ bytes$/)
    expect(clipNames()).toEqual(["kept.json", "kept.mp4"])

    rmSync(join(service.recordingDirectory, "filler"))
    await awaitFact("it records again", isRecording)
    expect(await clipOf("no room", second?.start_time ?? "", second?.end_time ?? "")).toMatchObject({
      state: "ready",
    })
    expect(packetHashes(clipPath, "v")).toEqual(hashes)
  }, 120_000)

  it("an export that fills it in the middle fails with FFmpeg's own words and leaves nothing", async () => {
    const scene = new SourceScene()
    const clips = join(scene.directory, "cam_1/clips")
    try {
      scene.record(10, plainPictures)
      mountMemory(clips, "128k")
      try {
        await expect(scene.export(0, 10, false)).rejects.toMatchObject({
          _tag: "ExportFailed",
          reason: expect.stringContaining("No space left on device"),
        })
        expect(scene.clipNames()).toEqual([])
      } finally {
        execFileSync("umount", [clips])
      }
    } finally {
      scene.remove()
    }
  })
})
