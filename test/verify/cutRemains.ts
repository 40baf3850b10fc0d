import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import { findUnsettledRuns, repairRun } from "../../src/recorder/segments/repairRun.ts"
import { settledIndexPathOf } from "../../src/recorder/segments/runFiles.ts"
import { systemWatchClock } from "../../src/recorder/segments/systemWatchClock.ts"
import { cameraFiles } from "./cameraFiles.ts"

/** A row of `recordings` that was committed before the power was cut. */
export interface CommittedRow {
  readonly file_path: string
  readonly state: string
  readonly file_size: number
}

/** What a power cut left of one camera. */
export interface CameraRemains {
  /** From the last frame on the medium to the cut. */
  readonly tailSeconds: number
  /** Frames absent between the first and the last frame on the medium. */
  readonly innerFrames: number
}

const framesIn = (cameraDirectory: string) =>
  cameraFiles(cameraDirectory).flatMap(({ path }) => readFrameStamps(path))

/** Reads what is left of a camera; null where there is nothing. */
export const remainsOf = (cameraDirectory: string, cutAtMillis: number): CameraRemains | null => {
  const stamps = framesIn(cameraDirectory)
  const sequences = new Set(stamps.map(({ sequence }) => sequence))
  if (sequences.size === 0) return null
  const last = stamps.reduce((latest, stamp) => (stamp.sequence > latest.sequence ? stamp : latest))
  return {
    tailSeconds: Math.max(0, cutAtMillis - last.sentAtMillis) / 1000,
    innerFrames: last.sequence - Math.min(...sequences) + 1 - sequences.size,
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? -1

const isSameFile = (one: string, other: string, sizeBytes: number): boolean =>
  readFileSync(one).subarray(0, sizeBytes).equals(readFileSync(other).subarray(0, sizeBytes))

/**
 * The committed rows that the medium does not bear out: those whose file is not there, and those closed whose file or
 * index is not what the file system of the living service has.
 */
export const brokenRows = (
  rows: ReadonlyArray<CommittedRow>,
  cutDirectory: string,
  livingDirectory: string,
): ReadonlyArray<string> =>
  rows
    .filter(({ file_path, state, file_size }) => {
      const [cut, living] = [join(cutDirectory, file_path), join(livingDirectory, file_path)]
      if (state !== "closed") return sizeOf(cut) < 0
      const [cutIndex, livingIndex] = [settledIndexPathOf(cut), settledIndexPathOf(living)]
      const isWhole = sizeOf(cut) >= file_size && isSameFile(cut, living, file_size)
      const isIndexed = sizeOf(cutIndex) > 0 && isSameFile(cutIndex, livingIndex, sizeOf(livingIndex))
      return !isWhole || !isIndexed
    })
    .map(({ file_path, state }) => `${file_path} (${state})`)

/** Repairs what is left as the next start would; answers the runs, and the frames that went missing by it. */
export const repairRemains = (
  cutDirectory: string,
  cameraIds: ReadonlyArray<number>,
): { readonly runs: number; readonly unrepaired: number; readonly lostFrames: number } => {
  const frames = () => cameraIds.flatMap((id) => framesIn(join(cutDirectory, `cam_${id}`))).length
  const before = frames()
  const unsettled = findUnsettledRuns(cutDirectory)
  const reports = unsettled.map((run) => repairRun(run, systemWatchClock()))
  return {
    runs: unsettled.length,
    unrepaired:
      reports.filter(({ failure }) => failure !== undefined).length + findUnsettledRuns(cutDirectory).length,
    lostFrames: before - frames(),
  }
}
