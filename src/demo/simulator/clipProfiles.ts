import type { VideoCodec } from "./frameStamp.ts"

/** The pictures a simulated camera can show. */
export type VideoClipName =
  | "h264-360p"
  | "h264-360p-low"
  | "h264-360p-bframes"
  | "h264-720p"
  | "h264-1080p"
  | "hevc-360p"

/** The sounds a simulated camera can make. */
export type AudioClipName = "aac" | "pcma" | "pcmu" | "opus"

/** How a video clip is made. Every clip has closed GOPs of a fixed length and is looped whole. */
export interface VideoProfile {
  readonly codec: VideoCodec
  readonly width: number
  readonly height: number
  readonly framesPerSecond: number
  readonly gopFrames: number
  readonly bitrateKilobits: number
  readonly bFrames: number
  readonly seconds: number
}

/** How an audio clip is made and announced. */
export interface AudioProfile {
  readonly encoderArguments: ReadonlyArray<string>
  /** File name extension and FFmpeg muxer: G.711 has no place in mp4. */
  readonly container: "mp4" | "alaw" | "mulaw"
  readonly sampleRate: number
  /** Clock of the RTP timestamps. */
  readonly clockRate: number
  readonly ticksPerPacket: number
  readonly payloadType: number
  readonly seconds: number
}

const tests: VideoProfile = {
  codec: "h264",
  width: 640,
  height: 360,
  framesPerSecond: 25,
  gopFrames: 25,
  bitrateKilobits: 300,
  bFrames: 0,
  seconds: 4,
}

export const videoProfiles: Readonly<Record<VideoClipName, VideoProfile>> = {
  "h264-360p": tests,
  "h264-360p-low": { ...tests, framesPerSecond: 10, gopFrames: 40, bitrateKilobits: 60, seconds: 8 },
  "h264-360p-bframes": { ...tests, bFrames: 2 },
  "h264-720p": { ...tests, width: 1280, height: 720, bitrateKilobits: 1000 },
  "h264-1080p": { ...tests, width: 1920, height: 1080, gopFrames: 50, bitrateKilobits: 4000 },
  "hevc-360p": { ...tests, codec: "hevc" },
}

export const audioProfiles: Readonly<Record<AudioClipName, AudioProfile>> = {
  aac: {
    encoderArguments: ["-c:a", "aac", "-b:a", "32k"],
    container: "mp4",
    sampleRate: 16000,
    clockRate: 16000,
    ticksPerPacket: 1024,
    payloadType: 97,
    seconds: 8,
  },
  pcma: g711("pcm_alaw", "alaw", 8),
  pcmu: g711("pcm_mulaw", "mulaw", 0),
  opus: {
    encoderArguments: ["-c:a", "libopus", "-b:a", "24k", "-frame_duration", "20"],
    container: "mp4",
    sampleRate: 48000,
    clockRate: 48000,
    ticksPerPacket: 960,
    payloadType: 98,
    seconds: 4,
  },
}

/** G.711 in packets of 40 ms, as common cameras send it; one byte per sample. */
function g711(encoder: string, container: "alaw" | "mulaw", payloadType: number): AudioProfile {
  return {
    encoderArguments: ["-c:a", encoder],
    container,
    sampleRate: 8000,
    clockRate: 8000,
    ticksPerPacket: 320,
    payloadType,
    seconds: 4,
  }
}

const fragmented = "frag_keyframe+empty_moov+default_base_moof"

/** FFmpeg's arguments, without the output file, for a video clip as fragmented mp4. */
export const videoArguments = (profile: VideoProfile): Array<string> => {
  const { gopFrames, bFrames, bitrateKilobits } = profile
  const encoder =
    profile.codec === "h264"
      ? ["-c:v", "libx264", "-bf", `${bFrames}`, "-b_strategy", "0", "-sc_threshold", "0"]
      : ["-c:v", "libx265", "-x265-params", `bframes=${bFrames}:open-gop=0:scenecut=0:log-level=error`]
  const picture = `testsrc2=size=${profile.width}x${profile.height}:rate=${profile.framesPerSecond}`
  const bitrate = `${bitrateKilobits}k`
  return [
    ["-f", "lavfi", "-i", picture],
    ["-t", `${profile.seconds}`, "-pix_fmt", "yuv420p"],
    [...encoder, "-preset", "ultrafast"],
    ["-g", `${gopFrames}`, "-keyint_min", `${gopFrames}`],
    ["-b:v", bitrate, "-maxrate", bitrate, "-bufsize", bitrate],
    ["-movflags", fragmented, "-f", "mp4"],
  ].flat()
}

/** FFmpeg's arguments, without the output file, for a mono tone that comes and goes. */
export const audioArguments = (profile: AudioProfile): Array<string> =>
  [
    ["-f", "lavfi", "-i", `sine=frequency=440:beep_factor=4:sample_rate=${profile.sampleRate}`],
    ["-t", `${profile.seconds}`, "-ac", "1", ...profile.encoderArguments],
    profile.container === "mp4" ? ["-movflags", fragmented] : [],
    ["-f", profile.container],
  ].flat()
