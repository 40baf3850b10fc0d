import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readFrameStamps } from "../../../src/demo/simulator/readFrameStamps.ts"
import type { AudioClipName, VideoClipName } from "../../../src/demo/simulator/clipProfiles.ts"
import type { CameraHandle } from "../../../src/demo/simulator/simulator.ts"
import { SimulatorProcess } from "../../../src/demo/simulator/SimulatorProcess.ts"
import { clipDirectory, startSimulator, temporaryDirectory } from "./simulatorFixture.ts"

const run = promisify(execFile)

interface Recording {
  readonly transport: "tcp" | "udp"
  readonly audioArguments: ReadonlyArray<string>
  readonly seconds: number
}

const record = async (camera: CameraHandle, path: string, recording: Recording): Promise<void> => {
  const { transport, audioArguments, seconds } = recording
  const input = ["-rtsp_transport", transport, "-timeout", "5000000", "-analyzeduration", "1000000"]
  const output = ["-map", "0:v:0", ...audioArguments, "-c:v", "copy", "-max_interleave_delta", "500000"]
  const format = ["-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "1000000"]
  await run(
    "ffmpeg",
    [
      ["-nostdin", "-loglevel", "error", ...input, "-probesize", "1000000", "-fpsprobesize", "0"],
      ["-i", camera.url, "-t", `${seconds}`, ...output, ...format, path],
    ].flat(),
  )
}

/** What FFmpeg says while decoding all frames, and what it counted. */
const decode = (path: string, entries: string): Promise<{ stdout: string; stderr: string }> =>
  run("ffprobe", ["-v", "error", "-count_frames", "-show_entries", entries, "-of", "csv=p=0", path])

const audioArgumentsOf = (audio: AudioClipName | "none"): ReadonlyArray<string> =>
  audio === "none" ? [] : ["-map", "0:a:0", "-c:a", audio === "aac" || audio === "opus" ? "copy" : "aac"]

const cases: ReadonlyArray<[video: VideoClipName, audio: AudioClipName | "none", transport: "tcp" | "udp"]> =
  [
    ["h264-360p", "none", "tcp"],
    ["h264-360p", "none", "udp"],
    ["h264-360p-low", "none", "tcp"],
    ["h264-360p-bframes", "none", "tcp"],
    ["h264-1080p", "none", "tcp"],
    ["hevc-360p", "none", "tcp"],
    ["hevc-360p", "none", "udp"],
    ["h264-360p", "aac", "tcp"],
    ["h264-360p", "aac", "udp"],
    ["h264-360p", "opus", "tcp"],
    ["h264-360p", "pcma", "tcp"],
    ["h264-360p", "pcmu", "tcp"],
  ]

const nameOf = (each: ReadonlyArray<string>): string => each.join("-")

describe("what FFmpeg records from a simulated camera", () => {
  const recorded: { directory: string; simulator: SimulatorProcess | null } = {
    directory: "",
    simulator: null,
  }
  const pathOf = (each: ReadonlyArray<string>): string => join(recorded.directory, `${nameOf(each)}.mp4`)

  // All at once: recording takes its time, not the processor's.
  beforeAll(async () => {
    recorded.directory = await mkdtemp(join(tmpdir(), "vigia-simulator-"))
    const cameras = cases.map(([video, audio, transport]) => ({
      path: nameOf([video, audio, transport]),
      video,
      ...(audio === "none" ? {} : { audio }),
    }))
    const simulator = await SimulatorProcess.start({ clipDirectory, cameras })
    recorded.simulator = simulator
    await Promise.all(
      cases.map(([video, audio, transport]) => {
        const name = [video, audio, transport]
        const audioArguments = audioArgumentsOf(audio)
        return record(simulator.camera(nameOf(name)), pathOf(name), { transport, audioArguments, seconds: 2 })
      }),
    )
  })

  afterAll(async () => {
    await recorded.simulator?.stop()
    await rm(recorded.directory, { recursive: true, force: true })
  })

  it.each(cases)("%s with audio %s over %s: decodes without an error and lacks no frame", async (...each) => {
    const [video, audio] = each
    const stamps = readFrameStamps(pathOf(each))
    const firstSequence = stamps[0]?.sequence ?? 0
    expect(stamps.length).toBeGreaterThanOrEqual(video === "h264-360p-low" ? 20 : 50)
    expect(stamps.map(({ sequence }) => sequence)).toEqual(stamps.map((_, index) => firstSequence + index))
    const sessions = (await recorded.simulator?.camera(nameOf(each)).counters())?.sessions ?? []
    expect(firstSequence).toBe(sessions[0]?.firstSequence)
    const intervals = stamps
      .slice(1)
      .map(({ sentAtMillis }, index) => sentAtMillis - (stamps[index]?.sentAtMillis ?? 0))
    // A frame that is late, and those that catch up, do not move the median.
    const middle = intervals.toSorted((a, b) => a - b)[intervals.length >> 1]
    expect(middle).toBeCloseTo(video === "h264-360p-low" ? 100 : 40, -1)
    const decoded = await decode(pathOf(each), "stream=codec_type,nb_read_frames")
    expect(decoded.stderr).toBe("")
    expect(decoded.stdout).toContain(`video,${stamps.length}`)
    expect(/audio,[1-9]/u.test(decoded.stdout)).toBe(audio !== "none")
  })

  it("gives stamps up to the cut, wherever a file was cut", async () => {
    const directory = await temporaryDirectory()
    const path = pathOf(["h264-360p", "aac", "tcp"])
    const whole = await readFile(path)
    const stamps = readFrameStamps(path)
    const cutPath = join(directory, "cut.mp4")
    let longest = 0
    for (let size = 0; size <= whole.length; size += 997) {
      await writeFile(cutPath, whole.subarray(0, size))
      const found = readFrameStamps(cutPath)
      expect(found).toEqual(stamps.slice(0, found.length))
      expect(found.length).toBeGreaterThanOrEqual(longest)
      longest = found.length
    }
    expect(longest).toBeGreaterThan(stamps.length - 5)
  })
})

it("is recorded without an error over skipped frames, a pause and a change of resolution", async () => {
  const directory = await temporaryDirectory()
  const server = await startSimulator([{ path: "cam", faults: [{ kind: "frameSkip", probability: 0.1 }] }])
  const camera = server.camera("cam")
  const path = join(directory, "changed.mp4")
  const recording = record(camera, path, { transport: "tcp", audioArguments: [], seconds: 4 })
  while (((await camera.counters()).sessions[0]?.framesSent ?? 0) < 50) await delay(10)
  await camera.set({ kind: "videoPause", durationMillis: 300 })
  await camera.set({ kind: "switchClip", clip: "h264-720p" })
  await recording
  const numbers = readFrameStamps(path).map(({ sequence }) => sequence)
  expect(numbers.length).toBeLessThan((numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1)
  const decoded = await decode(path, "frame=width")
  expect(decoded.stderr).toBe("")
  const widths = decoded.stdout.match(/^\d+/gmu) ?? []
  expect(widths.length).toBe(numbers.length)
  expect(new Set(widths)).toEqual(new Set(["640", "1280"]))
})
