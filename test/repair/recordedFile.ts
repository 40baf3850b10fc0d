import { mkdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { movieStart, secondAt } from "../recorder/segments/syntheticMovie.ts"

const start = movieStart()
const seconds = Array.from({ length: 60 }, (_, second) => secondAt(second))

/** A file of whole seconds, each a fragment of 25 frames, at most a minute. */
export const movieOf = (wholeSeconds: number): Buffer =>
  Buffer.concat([start, ...seconds.slice(0, wholeSeconds)])

/** Bytes of a file of as many seconds. */
export const movieBytes = (wholeSeconds: number): number => movieOf(wholeSeconds).length

/** Writes a recording as a run leaves it, without an index: its `mtime` is its end. Answers its path in the directory. */
export const writeRecording = (
  recordingsDirectory: string,
  cameraId: number,
  startMillis: number,
  wholeSeconds: number,
): string => {
  const filePath = segmentPath(cameraId, startMillis)
  writeMovie(join(recordingsDirectory, filePath), movieOf(wholeSeconds), startMillis + wholeSeconds * 1000)
  return filePath
}

/** Writes a file whose last fragment came at `endMillis`. */
export const writeMovie = (path: string, bytes: Uint8Array, endMillis: number): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  setEnd(path, endMillis)
}

/** Lets a file end in the middle of what it holds, as a power cut may, and be changed long ago all the same. */
export const cutRecording = (path: string, sizeBytes: number, changedAtMillis: number): void => {
  truncateSync(path, sizeBytes)
  setEnd(path, changedAtMillis)
}

const setEnd = (path: string, millis: number): void => utimesSync(path, millis / 1000, millis / 1000)
