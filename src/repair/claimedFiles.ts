import { closeSync, openSync, readSync } from "node:fs"
import { join } from "node:path"
import { namesIn } from "../recorder/segments/namesIn.ts"
import { errorCode } from "../domain/errorCode.ts"

/** The first line of an index is longer than this only by damage. */
const headerBytes = 64 * 1024

/**
 * Files of a camera that some run has given a name and not settled: they are the recorder's.
 *
 * A run writes the name into its index before the file has it, so a file that is listed before this is read, and
 * whose run goes on, is never taken for a file of nobody. Throws what the file system refuses.
 */
export const claimedFiles = (recordingsDirectory: string, cameraId: number): ReadonlySet<string> => {
  const claimed = new Set<string>()
  const runs = join(recordingsDirectory, `cam_${cameraId}`, ".runs")
  for (const run of namesIn(runs)) {
    for (const name of namesIn(join(runs, run))) {
      if (!name.endsWith(".idx")) continue
      const filePath = claimOf(firstLine(join(runs, run, name)))
      if (filePath !== null) claimed.add(filePath)
    }
  }
  return claimed
}

const firstLine = (path: string): string => {
  try {
    const descriptor = openSync(path, "r")
    try {
      const bytes = Buffer.alloc(headerBytes)
      const length = readSync(descriptor, bytes, 0, headerBytes, 0)
      return bytes.toString("utf8", 0, length).split("\n", 1)[0] ?? ""
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    // Settled since its directory was read.
    if (errorCode(error) === "ENOENT") return ""
    throw error
  }
}

const claimOf = (line: string): string | null => {
  try {
    const header: unknown = JSON.parse(line)
    if (typeof header !== "object" || header === null || !("filePath" in header)) return null
    return typeof header.filePath === "string" ? header.filePath : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
