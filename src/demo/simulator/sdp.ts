import type { AudioClip, VideoClip } from "./clips.ts"
import { videoLabel } from "./packetLabels.ts"

const h264Format = (parameterSets: ReadonlyArray<Buffer>): string => {
  const sets = parameterSets.map((set) => set.toString("base64")).join(",")
  const profileLevelId = parameterSets[0]?.toString("hex", 1, 4) ?? ""
  return `packetization-mode=1;profile-level-id=${profileLevelId};sprop-parameter-sets=${sets}`
}

const hevcFormat = (parameterSets: ReadonlyArray<Buffer>): string =>
  ["vps", "sps", "pps"]
    .map((name, index) => `sprop-${name}=${parameterSets[index]?.toString("base64") ?? ""}`)
    .join(";")

const samplingFrequencies = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000,
]

/** AudioSpecificConfig of mono AAC-LC (ISO/IEC 14496-3, 1.6.2.1). */
const aacConfig = (sampleRate: number): string =>
  ((2 << 11) | (samplingFrequencies.indexOf(sampleRate) << 7) | (1 << 3)).toString(16)

const audioMap = ({ name, profile }: AudioClip): string => {
  const names = {
    aac: `MPEG4-GENERIC/${profile.sampleRate}/1`,
    pcma: "PCMA/8000",
    pcmu: "PCMU/8000",
    opus: "opus/48000/2",
  }
  return names[name]
}

const audioLines = (audio: AudioClip): Array<string> => {
  const { payloadType, sampleRate } = audio.profile
  const aacFormat =
    "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config="
  return [
    `m=audio 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${audioMap(audio)}`,
    ...(audio.name === "aac" ? [`a=fmtp:${payloadType} ${aacFormat}${aacConfig(sampleRate)}`] : []),
    "a=control:trackID=1",
  ]
}

/** The session description (RFC 4566) of a camera's present clips; tracks are controlled as `trackID=0` and `1`. */
export const sdpOf = (video: VideoClip, audio: AudioClip | null): string => {
  const { codec, framesPerSecond } = video.profile
  const { payloadType } = videoLabel
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=Simulated camera",
    "c=IN IP4 0.0.0.0",
    "t=0 0",
    "a=control:*",
    "a=range:npt=now-",
    `m=video 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${codec === "h264" ? "H264" : "H265"}/90000`,
    `a=fmtp:${payloadType} ${codec === "h264" ? h264Format(video.parameterSets) : hevcFormat(video.parameterSets)}`,
    `a=framerate:${framesPerSecond}`,
    "a=control:trackID=0",
    ...(audio === null ? [] : audioLines(audio)),
    "",
  ].join("\r\n")
}

/** A description that names a video and says nothing about it; the camera then sends what nobody can read. */
export const brokenSdp = "v=0\r\no=- broken\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96\r\na=fmtp\r\n\u0001=\r\n"
