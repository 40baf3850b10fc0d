import type { AudioClip } from "./clips.ts"
import type { PacketTrain } from "./PacketTrain.ts"

/** Which packet of a looping audio clip comes next, and when. */
export class AudioSource {
  readonly clip: AudioClip
  readonly #intervalMillis: number
  #index = 0
  #dueMillis: number

  constructor(clip: AudioClip, startMillis: number) {
    this.clip = clip
    this.#intervalMillis = (clip.profile.ticksPerPacket * 1000) / clip.profile.clockRate
    this.#dueMillis = startMillis
  }

  /** Monotonic instant of the next packet. */
  get dueMillis(): number {
    return this.#dueMillis
  }

  /** The packet that is due; the next call gives the next one. */
  take(): PacketTrain {
    const train = this.clip.trains[this.#index]
    if (train === undefined) throw new Error(`clip ${this.clip.name} has no packet ${this.#index}`)
    this.#index = (this.#index + 1) % this.clip.trains.length
    this.#dueMillis += this.#intervalMillis
    return train
  }
}
