import { statSync } from "node:fs"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"

const pollMillis = 50

/** How far the video on disk was behind the camera, over all fragments seen. */
export interface LagFigures {
  readonly fragments: number
  /** Arrival of a fragment (mtime) after its last frame was sent; the greatest. */
  readonly atArrivalMillis: number
  /** Arrival of a fragment after the last frame of the one before was sent; the greatest. */
  readonly beforeArrivalMillis: number
}

/** Watches a growing file from outside: by its mtime and the stamps of its frames. */
export class VideoLag {
  #lastArrivalMillis: number | null = null
  #lastSentAtMillis: number | null = null
  #figures: LagFigures = { fragments: 0, atArrivalMillis: 0, beforeArrivalMillis: 0 }
  readonly #path: string
  readonly #timer: NodeJS.Timeout

  constructor(path: string) {
    this.#path = path
    this.#timer = setInterval(() => this.#look(), pollMillis)
  }

  get figures(): LagFigures {
    return this.#figures
  }

  stop(): LagFigures {
    clearInterval(this.#timer)
    return this.#figures
  }

  #look(): void {
    const { mtimeMs } = statSync(this.#path)
    if (mtimeMs === this.#lastArrivalMillis) return
    const newest = readFrameStamps(this.#path).at(-1)
    if (newest === undefined) return
    // Written to meanwhile: what was read belongs to no one arrival; the next look has it.
    if (statSync(this.#path).mtimeMs !== mtimeMs) return
    const { fragments, atArrivalMillis, beforeArrivalMillis } = this.#figures
    this.#figures = {
      fragments: fragments + 1,
      atArrivalMillis: Math.max(atArrivalMillis, mtimeMs - newest.sentAtMillis),
      beforeArrivalMillis: Math.max(beforeArrivalMillis, mtimeMs - (this.#lastSentAtMillis ?? mtimeMs)),
    }
    this.#lastSentAtMillis = newest.sentAtMillis
    this.#lastArrivalMillis = mtimeMs
  }
}
