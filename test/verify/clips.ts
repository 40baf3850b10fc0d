import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { ClipFixture, type ClipAnswer } from "../clips/ClipFixture.ts"
import { packetHashes, placeWithin } from "../clips/packetHashes.ts"
import { writeIndex } from "../clips/writeIndex.ts"
import { segmentOptions } from "../recorder/segments/recordedFiles.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { TrialGround } from "./Trial.ts"
import { greatest, median, rounded, type Verdict } from "./verdict.ts"

export interface ClipsMeasure extends TrialGround {
  readonly segmentSeconds: number
  readonly clipSeconds: number
  readonly rounds: number
}

/** Of the looped clip, 1080p with 25 frames a second, with room for what stands beside the files. */
const bytesPerSecond = 600_000
const framesPerSecond = 25

/** Two files one after the other, as a run writes them, of pictures that are looped without encoding them again. */
const writeFiles = (recordingDirectory: string, cameraId: number, segmentSeconds: number): number => {
  const [loop = ""] = globSync("test/.cache/clips/h264-1080p-*.mp4")
  const unfinished = join(recordingDirectory, "unfinished")
  mkdirSync(unfinished)
  const { status, stderr } = spawnSync(
    "ffmpeg",
    ["-nostdin", "-v", "error", "-stream_loop", "-1", "-i", loop, "-c", "copy"].concat(
      ["-t", String(2 * segmentSeconds - 0.02)],
      segmentOptions(segmentSeconds),
      [join(unfinished, "%d.mp4")],
    ),
  )
  if (status !== 0) throw new Error(`FFmpeg: ${String(stderr)}`)
  const endMillis = Math.floor(Date.now() / 1000) * 1000 - 60_000
  for (const number of [0, 1]) {
    const startMillis = endMillis - (2 - number) * segmentSeconds * 1000
    const path = join(recordingDirectory, segmentPath(cameraId, startMillis))
    mkdirSync(dirname(path), { recursive: true })
    renameSync(join(unfinished, `${number}.mp4`), path)
    utimesSync(path, startMillis / 1000, startMillis / 1000 + segmentSeconds)
    const filePath = relative(recordingDirectory, path)
    writeIndex(recordingDirectory, { cameraId, number, filePath, startMillis })
  }
  rmSync(unfinished, { recursive: true })
  return endMillis - segmentSeconds * 1000
}

/** A clip across two long files: how long it takes, and whether its packets are those of the files. */
export const measureClips = async (options: ClipsMeasure): Promise<ReadonlyArray<Verdict>> => {
  const { segmentSeconds, clipSeconds, rounds } = options
  const fixture = await ClipFixture.start(segmentSeconds, {}, options.databaseServer)
  const { service } = fixture
  try {
    const { bavail, bsize } = await statfs(service.directory)
    if (bavail * bsize < 3 * segmentSeconds * bytesPerSecond)
      throw new Error("there is no room for the files")
    const cameraId = await fixture.camera()
    await fixture.stopCamera(cameraId)
    await service.end("SIGTERM")
    const middleMillis = writeFiles(service.recordingDirectory, cameraId, segmentSeconds)
    await service.start()
    const files = await awaitFact("the files are listed", async () => {
      const found = await fixture.recordings(cameraId)
      const long = found.filter(({ file_size }) => file_size > (segmentSeconds * bytesPerSecond) / 2)
      return long.length === 2 ? long : null
    })
    const millis: Array<number> = []
    const clips: Array<ClipAnswer> = []
    for (let round = 0; round < rounds; round += 1) {
      const from = middleMillis - (clipSeconds / 2) * 1000 + round * 170
      const startedAt = performance.now()
      const asked = { camera_id: cameraId, from, to: from + clipSeconds * 1000, name: `round ${round}` }
      clips.push(await fixture.export(asked))
      millis.push(performance.now() - startedAt)
    }
    const source = files.flatMap(({ file_path }) =>
      packetHashes(join(service.recordingDirectory, file_path), "v"),
    )
    const hashes = clips.map((clip) => (clip.state === "ready" ? packetHashes(fixture.path(clip), "v") : []))
    const differing = hashes.filter((one) => placeWithin(one, source) < 0).length
    const wrongLengths = hashes.filter((one, index) => {
      const shown = (clips[index]?.duration ?? 0) * framesPerSecond
      return one.length < clipSeconds * framesPerSecond - 1 || Math.abs(one.length - shown) > 1
    }).length
    return [
      {
        name: "clips.export",
        figures: {
          file_bytes: statSync(join(service.recordingDirectory, files[0]?.file_path ?? "")).size,
          clip_seconds: clipSeconds,
          clips: clips.length,
          slowest_ms: rounded(greatest(millis), 0),
          median_ms: rounded(median(millis), 0),
          clips_with_other_packets: differing,
          clips_of_wrong_length: wrongLengths,
        },
        target: "across two long files in under 1 s, with the packets of the source, within one frame",
        met: greatest(millis) < 1000 && differing === 0 && wrongLengths === 0,
      },
    ]
  } finally {
    await fixture.stop()
  }
}
