import { createHash, randomUUID } from "node:crypto"
import { execFile } from "node:child_process"
import { access, mkdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { audioArguments, audioProfiles, videoArguments, videoProfiles } from "./clipProfiles.ts"
import type { AudioClipName, AudioProfile, VideoClipName, VideoProfile } from "./clipProfiles.ts"
import { boxesIn } from "./mp4Boxes.ts"
import { readSamples } from "./mp4Samples.ts"
import { readTracks } from "./mp4Tracks.ts"
import { h264NalType, hevcNalType, nalUnitsOf } from "./nalUnits.ts"
import { aacPayload, packetizeAudio, packetizeVideo } from "./rtpPacketizer.ts"
import { audioLabel, videoLabel } from "./packetLabels.ts"
import type { PacketTrain } from "./PacketTrain.ts"

/** One access unit of a video clip, in decode order, ready to send. */
export interface VideoFrame {
  readonly train: PacketTrain
  readonly isKeyframe: boolean
  /** Presentation minus decode time, in milliseconds. */
  readonly compositionMillis: number
  /** No other frame refers to it: it may be left out. */
  readonly isDisposable: boolean
}

/** A video clip that loops: whole closed GOPs at a constant frame rate. */
export interface VideoClip {
  readonly name: VideoClipName
  readonly profile: VideoProfile
  readonly parameterSets: ReadonlyArray<Buffer>
  readonly frames: ReadonlyArray<VideoFrame>
  readonly hasReordering: boolean
}

/** An audio clip that loops, one packet per frame. */
export interface AudioClip {
  readonly name: AudioClipName
  readonly profile: AudioProfile
  readonly trains: ReadonlyArray<PacketTrain>
}

/** Where clips are kept between runs, and what makes them. */
export interface ClipSource {
  /** Created when absent; may be shared by processes. */
  readonly directory: string
  readonly ffmpegPath: string
}

const run = promisify(execFile)

/** The path of a clip made by these arguments, made now if it is not there. Several processes may do so at once. */
const ensureFile = async (
  source: ClipSource,
  name: string,
  extension: string,
  encoding: ReadonlyArray<string>,
): Promise<string> => {
  const digest = createHash("sha256").update(encoding.join("\n")).digest("hex").slice(0, 12)
  const path = join(source.directory, `${name}-${digest}.${extension}`)
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (isThere) return path
  await mkdir(source.directory, { recursive: true })
  const partial = join(source.directory, `.${name}-${randomUUID()}.partial`)
  try {
    await run(source.ffmpegPath, ["-nostdin", "-hide_banner", "-loglevel", "error", ...encoding, partial])
    await rename(partial, path)
  } finally {
    await rm(partial, { force: true })
  }
  return path
}

const samplesOf = (file: Buffer): Array<{ bytes: Buffer; compositionOffset: number }> => {
  const samples: Array<{ bytes: Buffer; compositionOffset: number }> = []
  for (const box of boxesIn(file, 0, file.length)) {
    if (box.type !== "moof") continue
    for (const { offset, sizeBytes, compositionOffset } of readSamples(file, box, box.start)) {
      // readSamples counts from the moof, also where a file gives absolute offsets
      const start = box.start + offset
      samples.push({ bytes: file.subarray(start, start + sizeBytes), compositionOffset })
    }
  }
  return samples
}

const timescaleOf = (file: Buffer): number => {
  const header = file.indexOf("mdhd")
  const isLong = file.readUInt8(header + 4) === 1
  return file.readUInt32BE(header + (isLong ? 24 : 16))
}

/** Makes (once) and loads a video clip; fails when FFmpeg does or the clip holds no video. */
export const loadVideoClip = async (source: ClipSource, name: VideoClipName): Promise<VideoClip> => {
  const profile = videoProfiles[name]
  const file = await readFile(await ensureFile(source, name, "mp4", videoArguments(profile)))
  const moov = [...boxesIn(file, 0, file.length)].find((box) => box.type === "moov")
  const video = moov && readTracks(file, moov.contentStart, moov.end)[0]?.video
  if (!video) throw new Error(`clip ${name} holds no H.264 or HEVC track`)
  const timescale = timescaleOf(file)
  const frames = samplesOf(file).map((sample): VideoFrame => {
    const nals = [...nalUnitsOf(sample.bytes)]
    const slice = nals.find((nal) => isSlice(profile, nal))
    const isKeyframe = slice !== undefined && isIntraSlice(profile, slice)
    const parameterSets = isKeyframe ? video.parameterSets : []
    return {
      train: packetizeVideo(video.codec, { parameterSets, nals, isKeyframe }, videoLabel),
      isKeyframe,
      compositionMillis: (sample.compositionOffset * 1000) / timescale,
      isDisposable: profile.codec === "h264" && slice !== undefined && (slice.readUInt8(0) & 0x60) === 0,
    }
  })
  if (frames[0]?.isKeyframe !== true) throw new Error(`clip ${name} does not begin with a keyframe`)
  return { name, profile, parameterSets: video.parameterSets, frames, hasReordering: profile.bFrames > 0 }
}

const isSlice = ({ codec }: VideoProfile, nal: Buffer): boolean =>
  codec === "h264" ? h264NalType(nal) >= 1 && h264NalType(nal) <= 5 : hevcNalType(nal) < 32

const isIntraSlice = ({ codec }: VideoProfile, nal: Buffer): boolean =>
  codec === "h264" ? h264NalType(nal) === 5 : hevcNalType(nal) === 19 || hevcNalType(nal) === 20

/** Makes (once) and loads an audio clip; fails when FFmpeg does or the clip is empty. */
export const loadAudioClip = async (source: ClipSource, name: AudioClipName): Promise<AudioClip> => {
  const profile = audioProfiles[name]
  const file = await readFile(await ensureFile(source, name, profile.container, audioArguments(profile)))
  const label = audioLabel(profile)
  const payloads =
    profile.container === "mp4"
      ? samplesOf(file).map(({ bytes }) => (name === "aac" ? aacPayload(bytes) : bytes))
      : Array.from({ length: Math.floor(file.length / profile.ticksPerPacket) }, (_, index) =>
          file.subarray(index * profile.ticksPerPacket, (index + 1) * profile.ticksPerPacket),
        )
  if (payloads.length === 0) throw new Error(`clip ${name} is empty`)
  // RFC 3640 marks the end of every access unit; G.711 and Opus mark only the start of a talk spurt.
  return { name, profile, trains: payloads.map((bytes) => packetizeAudio(bytes, label, name === "aac")) }
}
