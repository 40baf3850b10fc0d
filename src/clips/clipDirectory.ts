import { lstat, mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Schema from "effect/Schema"
import { syncDirectory } from "../storage/syncDirectory.ts"
import { unlessAbsent } from "./unlessAbsent.ts"

/** The directory of a camera's clips is, or lies behind, a symbolic link; nothing was written or deleted. */
export class ClipDirectoryLinked extends Schema.TaggedError<ClipDirectoryLinked>()("ClipDirectoryLinked", {
  /** Relative to the recordings directory. */
  path: Schema.String,
}) {
  override get message(): string {
    return `${this.path} is a symbolic link: clips are written and deleted within the recordings directory only`
  }
}

/** `cam_1/clips`, relative to the recordings directory. */
export const clipDirectoryOf = (cameraId: number): string => `cam_${cameraId}/clips`

/**
 * Rejects with `ClipDirectoryLinked` where files of this directory would be found outside the recordings directory.
 *
 * `directory` is relative to it, such as `cam_1/clips`, and need not exist.
 */
export const assertUnlinked = async (recordingsDirectory: string, directory: string): Promise<void> => {
  for (const path of [dirname(directory), directory]) {
    const stats = await unlessAbsent(lstat(join(recordingsDirectory, path)), null)
    if (stats?.isSymbolicLink() === true) throw new ClipDirectoryLinked({ path })
  }
}

/** Makes the directory of a camera's clips. */
export const makeClipDirectory = async (recordingsDirectory: string, cameraId: number): Promise<void> => {
  const directory = clipDirectoryOf(cameraId)
  await assertUnlinked(recordingsDirectory, directory)
  const made = await mkdir(join(recordingsDirectory, directory), { recursive: true, mode: 0o750 })
  if (made !== undefined) await syncDirectory(dirname(made))
}
