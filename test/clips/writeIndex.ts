import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { readSegment } from "../../src/recorder/segments/readSegment.ts"
import { settledIndexPathOf } from "../../src/recorder/segments/runFiles.ts"
import { encodeEnd, encodeHeader, encodeRecord } from "../../src/recorder/segments/segmentIndex.ts"

/** A closed recording, as the watcher of its run knows it. */
export interface WatchedFile {
  readonly cameraId: number
  readonly number: number
  /** Relative to the recordings directory. */
  readonly filePath: string
  readonly startMillis: number
}

/** Writes the index that a watcher leaves beside a closed file: each fragment arrived when it was over. */
export const writeIndex = (
  recordingDirectory: string,
  { cameraId, number, filePath, startMillis }: WatchedFile,
): void => {
  const fragments = readSegment(recordingDirectory, cameraId, filePath)?.fragments ?? []
  const header = encodeHeader({
    version: 1,
    runId: "8c5f62a6-6f0d-4b3a-9a39-3d3a8d5e1f00",
    number,
    cameraId,
    filePath,
    reservedInode: null,
    runStartedAtMillis: startMillis,
    clockStepMillis: 0,
    wallMinusMonotonicMillis: 0,
    nominalSeconds: fragments[0]?.nominalSeconds ?? 0,
    timeline: null,
    packetLoss: null,
  })
  const lines = fragments.map((fragment) => {
    const arrivalMillis = startMillis + fragment.mediaEndSeconds * 1000
    return encodeRecord({ ...fragment, arrivalMillis, arrivalKind: "observed" })
  })
  const text = [header, ...lines, encodeEnd("run_ended")].join("")
  writeFileSync(settledIndexPathOf(join(recordingDirectory, filePath)), text)
}
