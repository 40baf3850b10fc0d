import { resolve } from "node:path"
import type { AudioClipName, VideoClipName } from "../../src/demo/simulator/clipProfiles.ts"
import { loadAudioClip, loadVideoClip } from "../../src/demo/simulator/clips.ts"

const video: ReadonlyArray<VideoClipName> = [
  "h264-360p",
  "h264-360p-low",
  "h264-720p",
  "h264-1080p",
  "hevc-360p",
]
const audio: ReadonlyArray<AudioClipName> = ["aac", "pcma", "pcmu", "opus"]

/** Makes the clips of the simulated cameras before any test runs: encoding would compete with tests that measure time. */
export default async (): Promise<void> => {
  const source = { directory: resolve("test/.cache/clips"), ffmpegPath: "ffmpeg" }
  for (const name of video) await loadVideoClip(source, name)
  for (const name of audio) await loadAudioClip(source, name)
}
