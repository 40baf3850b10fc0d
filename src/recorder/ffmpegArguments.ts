import type { RecordingCodec } from "../config/Settings.ts"
import type { StreamProfile, Transport } from "../domain/Camera.ts"

/** What decides the argument list of one run. */
export interface ArgumentsRequest {
  /** `rtsp://` or `rtsps://`; checked where it entered. */
  readonly url: string
  readonly transport: Transport
  readonly profile: StreamProfile
  /** `off` maps video only: for cameras that advertise audio which never comes. */
  readonly audio: "as_probed" | "off"
  /** `fast` starts 1 s earlier; `thorough` is FFmpeg's default, for streams whose parameters come late. */
  readonly probing: "fast" | "thorough"
  readonly codec: RecordingCodec
  readonly bitrate: string
  readonly segmentDurationSeconds: number
  /** Directory that receives `000000.mp4`, `000001.mp4`, ... */
  readonly runDirectory: string
}

/**
 * Microseconds FFmpeg waits on the camera's socket; it gives up after about twice this, and still writes the
 * fragment it holds. So it notices a stall by itself before the stall limit of 10 s ends it from outside.
 */
export const socketTimeoutMicros = 4_000_000

/** Bounds probing at 1 s; by default FFmpeg takes 1.9-3.0 s before the first packet is written (measured). */
export const fastProbing = ["-analyzeduration", "1000000", "-probesize", "1000000", "-fpsprobesize", "0"]

/**
 * Fragments of 0.6 s, written as soon as they are complete. With fragments of 1 s a SIGKILL cost up to 1.28 s (sound
 * transcoded to AAC), since FFmpeg holds back a frame and waits for sound besides; with 0.6 s at most 0.88 s.
 */
const fragmentOptions =
  "movflags=+frag_keyframe+empty_moov+default_base_moof:frag_duration=600000:flush_packets=1"

/** Audio that mp4 holds as it comes; all other audio is transcoded to AAC. */
const copiedAudio: ReadonlySet<string> = new Set(["aac", "opus"])

/** Whether FFmpeg has to wait for the first sound before it can begin a file: an encoder without input has no header. */
export const isTranscoded = (audioCodec: string): boolean => !copiedAudio.has(audioCodec)

/**
 * How long video waits for audio that lags or stopped. The wait begins and ends at once, as a camera's pause does:
 * it stays well below the 0.5 s from which the reader of the files takes it for one.
 */
const interleaveMicros = 200_000

/**
 * Copies video, but only of the codec that was probed: each filter passes packets of a camera through untouched and
 * refuses another codec. So a camera that changed its codec is found out at its next start, not recorded under the
 * old profile. Apple's players need hvc1: parameter sets in the sample entry (ISO/IEC 14496-15).
 */
const copiedVideo: Readonly<Record<string, ReadonlyArray<string>>> = {
  h264: ["-c:v", "copy", "-bsf:v", "h264_mp4toannexb"],
  hevc: ["-c:v", "copy", "-bsf:v", "hevc_mp4toannexb", "-tag:v", "hvc1"],
}

const videoArguments = (request: ArgumentsRequest): ReadonlyArray<string> => {
  if (request.codec === "h264" && request.profile.videoCodec !== "h264") {
    return [
      ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"],
      ["-b:v", request.bitrate, "-maxrate", request.bitrate, "-bufsize", request.bitrate],
      // A keyframe every 2 s, so that segments are cut close to the clock.
      ["-force_key_frames", "expr:gte(t,n_forced*2)"],
    ].flat()
  }
  return copiedVideo[request.profile.videoCodec] ?? ["-c:v", "copy"]
}

const audioArguments = (request: ArgumentsRequest): ReadonlyArray<string> => {
  const { audioCodec } = request.profile
  if (request.audio === "off" || audioCodec === null) return []
  return ["-c:a", isTranscoded(audioCodec) ? "aac" : "copy"]
}

/**
 * The argument list of one run of FFmpeg; pure, and nothing in it passes a shell.
 *
 * Short fragments, flushed as they are complete, bound what a SIGKILL can cost;
 * `flush_packets` works only inside `segment_format_options` (measured on FFmpeg 5.1).
 * Numbers, never clock names: a clock-named run overwrote files at a backward step of the clock.
 */
export const ffmpegArguments = (request: ArgumentsRequest): ReadonlyArray<string> => {
  const audio = audioArguments(request)
  return [
    // Each lost packet has a line of its own: none is left out for being like the one before.
    ["-nostdin", "-hide_banner", "-loglevel", "repeat+level+warning"],
    ["-rtsp_transport", request.transport, "-timeout", String(socketTimeoutMicros)],
    request.probing === "fast" ? fastProbing : [],
    ["-i", request.url],
    ["-map", "0:v:0"],
    audio.length > 0 ? ["-map", "0:a:0"] : [],
    videoArguments(request),
    audio,
    ["-max_interleave_delta", String(interleaveMicros)],
    ["-f", "segment", "-segment_atclocktime", "1"],
    ["-segment_time", String(request.segmentDurationSeconds)],
    ["-segment_format", "mp4", "-segment_format_options", fragmentOptions],
    [`${request.runDirectory}/%06d.mp4`],
  ].flat()
}
