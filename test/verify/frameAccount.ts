import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import { cameraFiles } from "./cameraFiles.ts"

/** The frames of a camera over all its files, by their own numbers. */
export interface FrameAccount {
  readonly files: ReadonlyArray<{ readonly path: string; readonly frames: number }>
  readonly frames: number
  readonly firstSequence: number
  readonly lastSequence: number
  readonly firstSentAtMillis: number
  readonly lastSentAtMillis: number
  /** Numbers absent between the first and the last. */
  readonly lost: number
  /** Frames that are there more than once. */
  readonly double: number
  /** Frames whose number is not above that of the frame before, in the order of the files. */
  readonly disordered: number
}

/** Counts what the files of a camera hold; a file under two names, as while it is published, counts once. */
export const frameAccount = (cameraDirectory: string): FrameAccount => {
  const byInode = new Map(cameraFiles(cameraDirectory).map(({ inode, path }) => [inode, path]))
  const files = [...byInode.values()]
    .map((path) => ({ path, stamps: readFrameStamps(path) }))
    .toSorted((a, b) => (a.stamps[0]?.sequence ?? 0) - (b.stamps[0]?.sequence ?? 0))
  const stamps = files.flatMap((file) => file.stamps)
  const sequences = stamps.map(({ sequence }) => sequence)
  const [first, last] = [stamps.at(0), stamps.at(-1)]
  const firstSequence = first?.sequence ?? Number.NaN
  const lastSequence = last?.sequence ?? Number.NaN
  const distinct = new Set(sequences).size
  return {
    files: files.map((file) => ({ path: file.path, frames: file.stamps.length })),
    frames: stamps.length,
    firstSequence,
    lastSequence,
    firstSentAtMillis: first?.sentAtMillis ?? Number.NaN,
    lastSentAtMillis: last?.sentAtMillis ?? Number.NaN,
    lost: lastSequence - firstSequence + 1 - distinct,
    double: stamps.length - distinct,
    disordered: sequences.filter((sequence, at) => at > 0 && sequence <= (sequences[at - 1] ?? 0)).length,
  }
}
