import { readdir } from "node:fs/promises"
import { errorCode } from "../../domain/errorCode.ts"

/** What a directory holds; nothing where there is none. Rejects with other errors of the disk. */
export const namesIn = async (directory: string): Promise<ReadonlyArray<string>> => {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return []
    throw error
  }
}
