import { join } from "node:path"
import { namesIn } from "./namesIn.ts"

/** The directory into which FFmpeg writes the numbered files of a run. */
export const runDirectoryOf = (recordingsDirectory: string, cameraId: number, runId: string): string =>
  join(recordingsDirectory, `cam_${cameraId}`, ".runs", runId)

/** Path of a file that FFmpeg's `%06d.mp4` numbers. */
export const numberedPathOf = (runDirectory: string, number: number): string =>
  join(runDirectory, `${String(number).padStart(6, "0")}.mp4`)

/** Path of the index of a numbered file while its segment is not settled. */
export const openIndexPathOf = (runDirectory: string, number: number): string =>
  join(runDirectory, `${String(number).padStart(6, "0")}.idx`)

/** Path of the index beside its published, settled segment. */
export const settledIndexPathOf = (segmentPath: string): string => segmentPath.replace(/\.mp4$/, ".idx")

/** Numbers of the files of a run that are not settled, ascending; none where the directory is absent. */
export const unsettledNumbers = (runDirectory: string): ReadonlyArray<number> => {
  const numbers = new Set<number>()
  for (const name of namesIn(runDirectory)) {
    const match = /^(\d{6,})\.(?:mp4|idx)$/.exec(name)
    if (match !== null) numbers.add(Number(match[1]))
  }
  return [...numbers].toSorted((left, right) => left - right)
}
