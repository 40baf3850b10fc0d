import { existsSync } from "node:fs"
import { join } from "node:path"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import type { RecordingAnswer } from "../service/apiAnswers.ts"
import { cameraFiles } from "./cameraFiles.ts"
import type { Trial } from "./Trial.ts"

const boundaryMillis = 500

/** Where a row is wrong about its file, in words. */
const wrongAbout = (row: RecordingAnswer, recordingDirectory: string): ReadonlyArray<string> => {
  const path = join(recordingDirectory, row.file_path)
  const stamps = existsSync(path) ? readFrameStamps(path) : []
  const [first, last] = [stamps.at(0), stamps.at(-1)]
  if (first === undefined || last === undefined) return [`${row.file_path} has no frames`]
  const startMillis = Date.parse(row.start_time) - first.sentAtMillis
  const endMillis = Date.parse(row.end_time) - last.sentAtMillis
  return [
    row.frames === stamps.length ? "" : `${row.file_path} counts ${row.frames} of ${stamps.length} frames`,
    Math.abs(startMillis) <= boundaryMillis ? "" : `${row.file_path} starts ${startMillis} ms off`,
    Math.abs(endMillis) <= boundaryMillis ? "" : `${row.file_path} ends ${endMillis} ms off`,
  ].filter((fault) => fault !== "")
}

const faultsNow = async (trial: Trial, cameraId: number): Promise<ReadonlyArray<string>> => {
  const rows = await trial.recordings(cameraId)
  const { recordingDirectory } = trial.service
  const listed = rows.map(({ file_path }) => join(recordingDirectory, file_path))
  const files = cameraFiles(trial.cameraDirectory(cameraId)).map(({ path }) => path)
  return [
    ...listed.filter((path, at) => listed.indexOf(path) !== at).map((path) => `${path} has two rows`),
    ...listed.filter((path) => !files.includes(path)).map((path) => `${path} is not on disk`),
    ...files.filter((path) => !listed.includes(path)).map((path) => `${path} has no row`),
    ...rows.filter(({ state }) => state !== "closed").map((row) => `${row.file_path} is ${row.state}`),
    ...rows.flatMap((row) => wrongAbout(row, recordingDirectory)),
  ]
}

/**
 * Holds the rows of a camera whose runs have ended against its files; answers what is wrong.
 *
 * Rows follow what happened soon, not at once: they have 15 s for it.
 */
export const rowFaults = async (trial: Trial, cameraId: number): Promise<ReadonlyArray<string>> => {
  const deadline = performance.now() + 15_000
  for (;;) {
    const faults = await faultsNow(trial, cameraId)
    if (faults.length === 0 || performance.now() > deadline) return faults
    await new Promise((next) => setTimeout(next, 100))
  }
}
