import { closeSync, constants, fstatSync, mkdirSync, openSync, statSync } from "node:fs"
import { join } from "node:path"

/** A file that is open for a lock, before it is handed to the guard. */
interface LockFile {
  readonly path: string
  readonly descriptor: number
  /** Whether the path still leads to the very file that was opened, and so was locked. */
  readonly isInPlace: () => boolean
}

const openLockFile = (path: string, flags: number): LockFile => {
  // Writable, since NFS grants an exclusive lock on no other descriptor.
  const descriptor = openSync(path, constants.O_RDWR | flags, 0o600)
  const opened = fstatSync(descriptor, { bigint: true })
  const isInPlace = (): boolean => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    return found?.ino === opened.ino && found.dev === opened.dev
  }
  return { path, descriptor, isInPlace }
}

/** The two files whose locks make a pair of directories one service's own. */
export interface LockFiles {
  readonly marker: LockFile
  readonly state: LockFile
}

/**
 * Opens both files; throws the file system's error where one cannot be.
 *
 * The marker is never created here: without it the recordings may not be mounted.
 */
export const openLockFiles = (recordingDirectory: string, stateDirectory: string): LockFiles => {
  const marker = openLockFile(join(recordingDirectory, ".vigia"), 0)
  try {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o711 })
    const state = openLockFile(join(stateDirectory, "service.lock"), constants.O_CREAT)
    return { marker, state }
  } catch (error) {
    closeSync(marker.descriptor)
    throw error
  }
}

/** Closes the descriptors of this process; the files stay locked while the guard has them. */
export const closeLockFiles = ({ marker, state }: LockFiles): void => {
  closeSync(marker.descriptor)
  closeSync(state.descriptor)
}
