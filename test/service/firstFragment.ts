import { globSync, readFileSync, statSync } from "node:fs"

/** Whether a file holds a whole fragment: a `moof` box and the `mdat` after it (ISO/IEC 14496-12). */
const holdsFragment = (file: Buffer): boolean => {
  let hasHeader = false
  for (let at = 0; at + 8 <= file.length;) {
    const size = file.readUInt32BE(at)
    const type = file.toString("latin1", at + 4, at + 8)
    if (type === "moof") hasHeader = true
    if (type === "mdat" && hasHeader) return at + size <= file.length
    if (size < 8) return false
    at += size
  }
  return false
}

/** The instants (Unix milliseconds) between which something became true. */
export interface Became {
  readonly notBeforeMillis: number
  readonly byMillis: number
}

/**
 * Resolves when a new run of the camera has its first fragment on disk.
 *
 * `knownRuns` are the directories of its earlier runs, as `runDirectories` names them.
 */
export const firstFragmentOfNewRun = async (
  recordingDirectory: string,
  cameraId: number,
  knownRuns: ReadonlyArray<string>,
): Promise<Became> => {
  const known = new Set(knownRuns)
  let notBeforeMillis = 0
  const deadline = performance.now() + 30_000
  // Tighter than `awaitFact`: the instant is the fact.
  while (performance.now() < deadline) {
    const lookedAtMillis = Date.now()
    for (const directory of runDirectories(recordingDirectory, cameraId)) {
      if (known.has(directory)) continue
      // The file has its own name here only until the service publishes it.
      const files = globSync([`${directory}/*.mp4`, `${recordingDirectory}/cam_${cameraId}/*/*.mp4`])
      const fresh = files.filter((path) => statSync(path).birthtimeMs >= statSync(directory).birthtimeMs)
      if (fresh.some((path) => holdsFragment(readFileSync(path)))) {
        return { notBeforeMillis, byMillis: Date.now() }
      }
    }
    notBeforeMillis = lookedAtMillis
    await new Promise((next) => setTimeout(next, 5))
  }
  throw new Error("no new run has a fragment within 30 s")
}

/** The directories of the runs of a camera, of those that ended too. */
export const runDirectories = (recordingDirectory: string, cameraId: number): ReadonlyArray<string> =>
  globSync(`${recordingDirectory}/cam_${cameraId}/.runs/*`)
