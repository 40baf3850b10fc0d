import { stat } from "node:fs/promises"
import { join } from "node:path"
import { errorCode } from "../../domain/errorCode.ts"
import { namesIn } from "./namesIn.ts"

const writtenAt = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null
    throw error
  }
}

const newestIn = async (directory: string): Promise<number | null> => {
  let newest: number | null = null
  for (const name of await namesIn(directory)) {
    const millis = name.endsWith(".mp4") ? await writtenAt(join(directory, name)) : null
    if (millis !== null) newest = Math.max(newest ?? millis, millis)
  }
  return newest
}

/**
 * When the newest recording of a camera ends: the modification time of its files, in Unix milliseconds; null without
 * any. Looks into the last day that has files, and at what no service has published yet.
 */
export const newestFileMillis = async (cameraDirectory: string): Promise<number | null> => {
  const days = (await namesIn(cameraDirectory)).filter((name) => /^\d{4}-\d{2}-\d{2}$/.test(name))
  const runs = (await namesIn(join(cameraDirectory, ".runs"))).map((name) => join(".runs", name))
  let ofDay: number | null = null
  for (const day of days.toSorted().toReversed()) {
    ofDay = await newestIn(join(cameraDirectory, day))
    if (ofDay !== null) break
  }
  const ofRuns = await Promise.all(runs.map((run) => newestIn(join(cameraDirectory, run))))
  return [ofDay, ...ofRuns].reduce<number | null>(
    (newest, millis) => (millis === null ? newest : Math.max(newest ?? millis, millis)),
    null,
  )
}
