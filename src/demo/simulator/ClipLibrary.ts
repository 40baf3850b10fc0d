import { loadAudioClip, loadVideoClip } from "./clips.ts"
import type { AudioClip, ClipSource, VideoClip } from "./clips.ts"
import type { AudioClipName, VideoClipName } from "./clipProfiles.ts"

/** The clips of one simulator, each made, read and packetized at most once and shared by its cameras. */
export class ClipLibrary {
  readonly video: (name: VideoClipName) => Promise<VideoClip>
  readonly audio: (name: AudioClipName) => Promise<AudioClip>

  constructor(source: ClipSource) {
    this.video = once((name) => loadVideoClip(source, name))
    this.audio = once((name) => loadAudioClip(source, name))
  }
}

/** Remembers what `load` gave for each name; a failure is not remembered. */
const once = <Name, Clip>(load: (name: Name) => Promise<Clip>): ((name: Name) => Promise<Clip>) => {
  const clips = new Map<Name, Promise<Clip>>()
  return async (name) => {
    const clip = clips.get(name) ?? load(name)
    clips.set(name, clip)
    try {
      return await clip
    } catch (error) {
      clips.delete(name)
      throw error
    }
  }
}
