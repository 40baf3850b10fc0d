import { AudioSource } from "./AudioSource.ts"
import type { AudioClip, VideoClip } from "./clips.ts"
import { MediaClock } from "./MediaClock.ts"
import { RtpStream } from "./RtpStream.ts"
import type { Random } from "./seededRandom.ts"
import { VideoSource } from "./VideoSource.ts"

/** What a camera loses when it reboots: its clock, its RTP streams and the place in its clips. */
export class CameraBody {
  readonly video: VideoSource
  readonly audio: AudioSource | null
  readonly clock: MediaClock
  readonly videoStream: RtpStream
  readonly audioStream: RtpStream | null
  /** The camera's own wall clock at media time 0, Unix milliseconds. */
  readonly clockWallMillis: number

  constructor(
    clips: { readonly video: VideoClip; readonly audio: AudioClip | null },
    start: { readonly monotonicMillis: number; readonly wallMillis: number },
    random: Random,
  ) {
    this.video = new VideoSource(clips.video, start.monotonicMillis)
    this.audio = clips.audio === null ? null : new AudioSource(clips.audio, start.monotonicMillis)
    this.clock = new MediaClock(start.monotonicMillis)
    this.clockWallMillis = start.wallMillis
    this.videoStream = new RtpStream(90_000, random)
    this.audioStream = clips.audio === null ? null : new RtpStream(clips.audio.profile.clockRate, random)
  }

  get dueMillis(): number {
    return Math.min(this.video.dueMillis, this.audio?.dueMillis ?? Number.POSITIVE_INFINITY)
  }
}
