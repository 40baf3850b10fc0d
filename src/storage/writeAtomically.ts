import { randomBytes } from "node:crypto"
import { open, rename, rm } from "node:fs/promises"

/** The name of a system error (`ENOSPC`), for any value that was thrown. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown error"

/** Replaces a file as a whole: a crash leaves the old or the new text, never a part (rename(2)). */
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
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}
