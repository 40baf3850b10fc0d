import type { Catalog } from "../storage/Catalog.ts"

/**
 * Files of these cameras that are not to be deleted now, whatever their rows say.
 *
 * The catalog would write the row of such a file again: it grows, its row is not written yet, or it is the one before
 * a growing file, and its end follows the beginning of that.
 */
export const filesInUse = (
  catalog: Catalog["Service"],
  cameraIds: ReadonlySet<number>,
): ReadonlySet<string> => {
  const inUse = new Set<string>()
  for (const cameraId of cameraIds) {
    const { busy, unsettled, remembered } = catalog.knownFiles(cameraId)
    for (const filePath of busy) inUse.add(filePath)
    for (const filePath of unsettled) inUse.add(filePath)
    const growing = [...remembered.values()].filter(({ state }) => state === "growing")
    for (const { filePath, runId, number } of remembered.values()) {
      if (growing.some((next) => next.runId === runId && next.number === number + 1)) inUse.add(filePath)
    }
  }
  return inUse
}
