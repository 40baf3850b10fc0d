import { readdirSync } from "node:fs"
import { errorCode } from "../../domain/errorCode.ts"

/** What a directory holds; nothing where there is none. Throws what else the file system refuses. */
export const namesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory)
  } catch (error) {
    const code = errorCode(error)
    if (code === "ENOENT" || code === "ENOTDIR") return []
    throw error
  }
}
