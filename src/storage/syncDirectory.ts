import { open } from "node:fs/promises"
import { errorCode } from "../domain/errorCode.ts"

/** What file systems answer that cannot sync a directory (network and FUSE file systems). */
const cannotSync: ReadonlySet<string> = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EPERM"])

/** Makes the names in a directory survive a power cut (fsync(2)), where the file system can. */
export const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, "r")
  try {
    await directory.sync()
  } catch (error) {
    if (!cannotSync.has(errorCode(error))) throw error
  } finally {
    await directory.close()
  }
}
