import type { VideoClip, VideoFrame } from "./clips.ts"

/** Which frame of a looping clip comes next, and when. */
export class VideoSource {
  #clip: VideoClip
  #nextClip: VideoClip | null = null
  #index = 0
  #dueMillis: number
  #pace = 1

  constructor(clip: VideoClip, startMillis: number) {
    this.#clip = clip
    this.#dueMillis = startMillis
  }

  get clip(): VideoClip {
    return this.#clip
  }

  /** Monotonic instant of the next frame. */
  get dueMillis(): number {
    return this.#dueMillis
  }

  /** The frame that is due; a clip that is waiting begins here if this would be a keyframe. */
  frame(): VideoFrame {
    if (this.#nextClip !== null && this.#current().isKeyframe) {
      this.#clip = this.#nextClip
      this.#nextClip = null
      this.#index = 0
    }
    return this.#current()
  }

  /** The frame was shown, or dropped although others may refer to it. */
  advance(): void {
    this.#index = (this.#index + 1) % this.#clip.frames.length
    this.#pass()
  }

  /** The slot passes without a picture; the next one follows on in the decoding order. */
  leaveOut(): void {
    this.#seekAfterHole()
    this.#pass()
  }

  /** No slots until then; the next one keeps the rhythm. */
  pauseUntil(monotonicMillis: number): void {
    const slots = Math.ceil((monotonicMillis - this.#dueMillis) / this.#intervalMillis)
    if (slots <= 0) return
    this.#seekAfterHole()
    this.#dueMillis += slots * this.#intervalMillis
  }

  /** The interval to the next slot, by the usual one. */
  setPace(pace: number): void {
    this.#pace = pace
  }

  /** From the next keyframe on another clip. */
  switchTo(clip: VideoClip): void {
    this.#nextClip = clip
  }

  get #intervalMillis(): number {
    return 1000 / this.#clip.profile.framesPerSecond
  }

  #pass(): void {
    this.#dueMillis += this.#intervalMillis * this.#pace
  }

  /** With B-frames a hole inside a GOP would put pictures in the wrong order: go on at a keyframe. */
  #seekAfterHole(): void {
    if (!this.#clip.hasReordering) return
    while (!this.#current().isKeyframe) this.#index = (this.#index + 1) % this.#clip.frames.length
  }

  #current(): VideoFrame {
    const frame = this.#clip.frames[this.#index]
    if (frame === undefined) throw new Error(`clip ${this.#clip.name} has no frame ${this.#index}`)
    return frame
  }
}
