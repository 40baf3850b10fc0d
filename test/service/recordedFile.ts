import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as Schema from "effect/Schema"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"

const run = promisify(execFile)

const Probe = Schema.fromJsonString(
  Schema.Struct({
    streams: Schema.Array(
      Schema.Struct({
        codec_type: Schema.String,
        codec_name: Schema.optionalKey(Schema.String),
        codec_tag_string: Schema.optionalKey(Schema.String),
        nb_read_frames: Schema.optionalKey(Schema.FiniteFromString),
        nb_read_packets: Schema.optionalKey(Schema.FiniteFromString),
      }),
    ),
  }),
)

/** What a player meets in a file, and which of the camera's frames are in it. */
export interface RecordedFile {
  readonly path: string
  readonly videoTag: string
  /** In the file; a decoder shows fewer where a keyframe is damaged. */
  readonly videoPackets: number
  /** That a decoder shows. */
  readonly videoFrames: number
  readonly audioCodec: string | null
  readonly audioFrames: number
  /** What FFmpeg says while it decodes the whole file; empty if nothing is wrong. */
  readonly decodeErrors: string
  readonly firstSequence: number
  readonly lastSequence: number
  readonly firstSentAtMillis: number
  readonly lastSentAtMillis: number
  /** Of the camera, found in the file. */
  readonly stampedFrames: number
}

/** Decodes a whole file with ffprobe and reads the stamps of its frames; fails if the file cannot be read. */
export const examineFile = async (path: string): Promise<RecordedFile> => {
  const entries = "stream=codec_type,codec_name,codec_tag_string,nb_read_frames,nb_read_packets"
  const options = ["-v", "error", "-threads", "1", "-count_frames", "-count_packets", "-of", "json"]
  const { stdout, stderr } = await run("ffprobe", [...options, "-show_entries", entries, path])
  const { streams } = Schema.decodeSync(Probe)(stdout)
  const video = streams.find((stream) => stream.codec_type === "video")
  const audio = streams.find((stream) => stream.codec_type === "audio")
  const stamps = readFrameStamps(path)
  const sequences = stamps.map(({ sequence }) => sequence)
  const firstSequence = Math.min(...sequences)
  const lastSequence = Math.max(...sequences)
  return {
    path,
    videoTag: video?.codec_tag_string ?? "none",
    videoPackets: video?.nb_read_packets ?? 0,
    videoFrames: video?.nb_read_frames ?? 0,
    audioCodec: audio?.codec_name ?? null,
    audioFrames: audio?.nb_read_frames ?? 0,
    decodeErrors: stderr,
    firstSequence,
    lastSequence,
    firstSentAtMillis: Math.min(...stamps.map(({ sentAtMillis }) => sentAtMillis)),
    lastSentAtMillis: Math.max(...stamps.map(({ sentAtMillis }) => sentAtMillis)),
    stampedFrames: new Set(sequences).size,
  }
}
