import { batchRecordings } from "./Deletion.ts"
import type { Cutoff, ExpiredSum } from "../storage/ExpiredRecordings.ts"

/** Cameras with anything expired, in groups: as many at a time as have that many recordings together, at least one. */
export const expiredGroups = (
  cutoffs: ReadonlyArray<Cutoff>,
  sums: ReadonlyArray<ExpiredSum>,
): ReadonlyArray<ReadonlyArray<Cutoff>> => {
  const cutoffOf = new Map(cutoffs.map((cutoff) => [cutoff.cameraId, cutoff]))
  const groups: Array<Array<Cutoff>> = []
  let room = 0
  for (const { cameraId, files } of sums) {
    const cutoff = cutoffOf.get(cameraId)
    if (cutoff === undefined) continue
    const group = groups.at(-1)
    if (group !== undefined && files <= room) group.push(cutoff)
    else groups.push([cutoff])
    room = (group !== undefined && files <= room ? room : batchRecordings) - files
  }
  return groups
}
