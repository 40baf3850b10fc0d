import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The options under which Vigia lets FFmpeg write segments. */
export const segmentOptions = (segmentSeconds: number): ReadonlyArray<string> =>
  [
    `-f segment -segment_time ${segmentSeconds} -segment_format mp4 -segment_format_options`,
    "movflags=+frag_keyframe+empty_moov+default_base_moof:frag_duration=600000:flush_packets=1",
  ].flatMap((part) => part.split(" "))

const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error"]

/** Small real files: with AAC, with B-frames and without audio, audio alone. */
export const recordFiles = (): ReadonlyArray<Buffer> => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-reader-"))
  const video = "-f lavfi -i testsrc2=size=128x96:rate=25".split(" ")
  const audio = "-f lavfi -i sine=frequency=400:sample_rate=16000".split(" ")
  const x264 = "-c:v libx264 -preset ultrafast -g 40".split(" ")
  const aac = ["-c:a", "aac"]
  const record = (name: string, ...args: ReadonlyArray<string>) =>
    execFileSync("ffmpeg", [...quiet, ...args, ...segmentOptions(4), join(directory, `${name}%02d.mp4`)])
  try {
    record("av", ...video, ...audio, "-t", "7", ...x264, ...aac, "-max_interleave_delta", "0")
    record("b", ...video, "-t", "5", ...x264, "-bf", "2")
    record("a", ...audio, "-t", "3", ...aac)
    return readdirSync(directory).map((name) => readFileSync(join(directory, name)))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Frames of the video track by ffprobe's count of packets. */
export const countFrames = (path: string): number => {
  const args = "-v error -select_streams v:0 -count_packets -show_entries stream=nb_read_packets"
  return Number(execFileSync("ffprobe", [...args.split(" "), "-of", "csv=p=0", path], { encoding: "utf8" }))
}
