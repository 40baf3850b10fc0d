import { spawn } from "node:child_process"
import { once } from "node:events"
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync } from "node:fs"
import { dirname, join } from "node:path"
import type { VideoClipName } from "../../src/demo/simulator/clipProfiles.ts"
import { stampNal, stampOffsetInNal, writeStamp } from "../../src/demo/simulator/frameStamp.ts"
import { boxesIn } from "../../src/demo/simulator/mp4Boxes.ts"
import { readSamples } from "../../src/demo/simulator/mp4Samples.ts"
import { readTracks } from "../../src/demo/simulator/mp4Tracks.ts"
import { h264NalType, nalUnitsOf } from "../../src/demo/simulator/nalUnits.ts"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import type { ClipSourceFile } from "../../src/storage/Clips.ts"
import { segmentOptions } from "../recorder/segments/recordedFiles.ts"
import { writeIndex } from "./writeIndex.ts"

export interface StampedRun {
  readonly recordingDirectory: string
  readonly cameraId: number
  /** Of H.264. */
  readonly clip: VideoClipName
  readonly startMillis: number
  /** Of each file; whole groups of pictures. */
  readonly segmentSeconds: number
  readonly files: number
}

export const framesPerSecond = 25
export const frameMillis = 1000 / framesPerSecond

const startCode = Buffer.from([0, 0, 0, 1])

/** A clip as a stream of NAL units (H.264 annex B), each picture with room for a stamp. */
const stampableLoop = (name: VideoClipName) => {
  const [path = ""] = globSync(`test/.cache/clips/${name}-[0-9a-f]*.mp4`).filter((found) =>
    new RegExp(`${name}-[0-9a-f]{12}\\.mp4$`).test(found),
  )
  const file = readFileSync(path)
  const boxes = [...boxesIn(file, 0, file.length)]
  const moov = boxes.find(({ type }) => type === "moov")
  const video = moov === undefined ? null : (readTracks(file, moov.contentStart, moov.end)[0]?.video ?? null)
  if (video?.codec !== "h264") throw new Error(`clip ${name} is not of H.264`)
  const chunks: Array<Buffer> = []
  const stampOffsets: Array<number> = []
  let bytes = 0
  const add = (nal: Buffer): void => {
    chunks.push(startCode, nal)
    bytes += startCode.length + nal.length
  }
  for (const moof of boxes.filter(({ type }) => type === "moof")) {
    for (const { offset, sizeBytes } of readSamples(file, moof, moof.start)) {
      const nals = [...nalUnitsOf(file.subarray(moof.start + offset, moof.start + offset + sizeBytes))]
      if (nals.some((nal) => h264NalType(nal) === 5)) video.parameterSets.forEach(add)
      stampOffsets.push(bytes + startCode.length + stampOffsetInNal("h264"))
      add(stampNal("h264"))
      nals.forEach(add)
    }
  }
  return { stream: Buffer.concat(chunks), stampOffsets }
}

/**
 * Writes the files of one run with their indexes, pictures looped without encoding them again.
 *
 * Each picture is stamped with its number in the run, from 1, and with the wall time at which it was recorded.
 */
export const writeStampedRun = async (run: StampedRun): Promise<ReadonlyArray<ClipSourceFile>> => {
  const { recordingDirectory, cameraId, startMillis, segmentSeconds, files } = run
  const unfinished = join(recordingDirectory, "unfinished")
  mkdirSync(unfinished)
  const frames = files * segmentSeconds * framesPerSecond
  const ffmpeg = spawn(
    "ffmpeg",
    [
      "-nostdin",
      "-v",
      "error",
      "-fflags",
      "+genpts",
      "-f",
      "h264",
      "-framerate",
      String(framesPerSecond),
    ].concat(["-i", "pipe:0", "-c", "copy", "-frames:v", String(frames)], segmentOptions(segmentSeconds), [
      join(unfinished, "%d.mp4"),
    ]),
    { stdio: ["pipe", "ignore", "inherit"] },
  )
  const ended = once(ffmpeg, "close")
  // It ends when it has what it wants.
  ffmpeg.stdin.on("error", () => {})
  const { stream, stampOffsets } = stampableLoop(run.clip)
  for (let sequence = 0; sequence < frames && ffmpeg.exitCode === null;) {
    const round = Buffer.from(stream)
    for (const offset of stampOffsets) {
      sequence += 1
      writeStamp(round, offset, { sequence, sentAtMillis: startMillis + (sequence - 1) * frameMillis })
    }
    if (!ffmpeg.stdin.write(round)) await Promise.race([once(ffmpeg.stdin, "drain"), ended])
  }
  ffmpeg.stdin.end()
  const [exitCode]: ReadonlyArray<unknown> = await ended
  if (exitCode !== 0) throw new Error(`FFmpeg ended with ${String(exitCode)}`)
  const written = Array.from({ length: files }, (_, number): ClipSourceFile => {
    const fileStartMillis = startMillis + number * segmentSeconds * 1000
    const filePath = segmentPath(cameraId, fileStartMillis)
    const path = join(recordingDirectory, filePath)
    mkdirSync(dirname(path), { recursive: true })
    renameSync(join(unfinished, `${number}.mp4`), path)
    const endSeconds = fileStartMillis / 1000 + segmentSeconds
    utimesSync(path, endSeconds, endSeconds)
    writeIndex(recordingDirectory, { cameraId, number, filePath, startMillis: fileStartMillis })
    return { filePath, runId: "", segmentNumber: number, isGrowing: false, startMillis: fileStartMillis }
  })
  rmSync(unfinished, { recursive: true })
  return written
}
