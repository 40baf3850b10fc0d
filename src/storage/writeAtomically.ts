import { randomBytes } from "node:crypto"
import { open, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { syncDirectory } from "./syncDirectory.ts"

/** Replaces a file as a whole: a crash or a power cut leaves the old or the new text, never a part (rename(2)). */
export const writeAtomically = async (path: string, text: string, mode: number): Promise<void> => {
  const unfinished = `${path}.${randomBytes(6).toString("hex")}`
  try {
    const file = await open(unfinished, "wx", mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}
