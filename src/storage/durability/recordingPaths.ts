import { dirname } from "node:path"

/** What a file of a run is known by: the run and its number there, and the name that it was published under. */
export interface RecordedFile {
  readonly cameraId: number
  /** Relative to the recordings directory. */
  readonly filePath: string
  readonly runId: string
  readonly segmentNumber: number
}

/** `cam_1/2026-01-14`, of a file in it. */
export const dayDirectoryOf = ({ filePath }: RecordedFile): string => dirname(filePath)

/** `cam_1`, of a file of the camera. */
export const cameraDirectoryOf = (file: RecordedFile): string => dirname(dayDirectoryOf(file))

/** Where the numbered files and open indexes of a camera's runs lie, a directory per run. */
export const runsDirectoryOf = (file: RecordedFile): string => `${cameraDirectoryOf(file)}/.runs`

/**
 * The index of a file that still grows.
 *
 * The recorder names it (`recorder/segments/runFiles.ts`) and storage may not import the recorder: a test holds the
 * two together.
 */
export const openIndexOf = (file: RecordedFile): string =>
  `${runsDirectoryOf(file)}/${file.runId}/${String(file.segmentNumber).padStart(6, "0")}.idx`

/** The index of a file that is settled, beside it. */
export const settledIndexOf = ({ filePath }: RecordedFile): string => filePath.replace(/\.mp4$/, ".idx")
