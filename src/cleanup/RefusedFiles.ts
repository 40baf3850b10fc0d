import { posix } from "node:path"
import { growingPauseMillis } from "./growingPause.ts"

interface Refusal {
  readonly times: number
  /** Monotonic. */
  readonly untilMillis: number
}

const firstPauseMillis = 60_000
const longestPauseMillis = 3_600_000

/** A year of days of eleven cameras; beyond, the one that was refused longest ago is tried again sooner. */
const mostRemembered = 4_096

/**
 * Files that the file system does not let go: each is left alone for a pause that grows from a minute to an hour.
 *
 * Where all files of a directory that were tried are refused, so are the others in it. All times are monotonic.
 */
export class RefusedFiles {
  /** By path of a file or a directory, the one refused last at the end. */
  readonly #refusals = new Map<string, Refusal>()

  /** Notes what became of files that were tried together. */
  note(tried: ReadonlyArray<string>, refused: ReadonlySet<string>, nowMillis: number): void {
    for (const [directory, files] of Map.groupBy(tried, (path) => posix.dirname(path))) {
      const left = files.filter((path) => refused.has(path))
      if (left.length === files.length) this.#refuse(directory, nowMillis)
      else {
        this.#refusals.delete(directory)
        for (const path of left) this.#refuse(path, nowMillis)
      }
    }
  }

  /** Files and directories that are to be left alone now. */
  current(nowMillis: number): ReadonlyArray<string> {
    return [...this.#refusals].flatMap(([path, { untilMillis }]) => (nowMillis < untilMillis ? [path] : []))
  }

  #refuse(path: string, nowMillis: number): void {
    const times = (this.#refusals.get(path)?.times ?? 0) + 1
    this.#refusals.delete(path)
    const pauseMillis = growingPauseMillis(times, firstPauseMillis, longestPauseMillis)
    this.#refusals.set(path, { times, untilMillis: nowMillis + pauseMillis })
    for (const [oldest] of this.#refusals) {
      if (this.#refusals.size <= mostRemembered) break
      this.#refusals.delete(oldest)
    }
  }
}
