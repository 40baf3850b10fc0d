import { lstatSync, readFileSync, realpathSync, rmdirSync, type Stats, unlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { errorCode } from "../recorder/segments/publishSegment.ts"
import type { DeletionRequest, DoomedFile, FileOutcome } from "./deletionMessages.ts"

/** What deleting needs of the file system; replaced in tests to let it refuse. */
export interface DeletionFileSystem {
  readonly lstat: (path: string) => Stats | undefined
  readonly unlink: (path: string) => void
  readonly rmdir: (path: string) => void
}

export const nodeDeletionFileSystem: DeletionFileSystem = {
  lstat: (path) => lstatSync(path, { throwIfNoEntry: false }),
  unlink: unlinkSync,
  rmdir: rmdirSync,
}

/** Our own paths and no others; the first group is the camera, the second the day. */
const ownPath = /^cam_([1-9]\d{0,9})\/(\d{4}-\d\d-\d\d)\/\d\d-\d\d-\d\d\.mp4$/

/** A path that is none of ours, a link, or what is no regular file. */
const refused: FileOutcome = { type: "kept", code: "refused" }

/** Unlinks recordings with their indexes, then removes days that are empty. Never follows a symbolic link. */
export const unlinkRecordings = (
  recordingsDirectory: string,
  { files, today }: DeletionRequest,
  fileSystem: DeletionFileSystem,
): ReadonlyArray<FileOutcome> => {
  const unlinker = new Unlinker(recordingsDirectory, fileSystem)
  const outcomes = files.map((file) => unlinker.unlink(file))
  unlinker.removeEmptyDays(today)
  return outcomes
}

type DirectoryState = "present" | "absent" | { readonly code: string }

class Unlinker {
  readonly #root: string
  readonly #fileSystem: DeletionFileSystem
  /** Days, and cameras of an identity, as they were found. */
  readonly #directories = new Map<string, DirectoryState>()
  readonly #days = new Set<string>()

  constructor(recordingsDirectory: string, fileSystem: DeletionFileSystem) {
    this.#root = realpathSync.native(recordingsDirectory)
    this.#fileSystem = fileSystem
  }

  unlink({ cameraId, identity, filePath }: DoomedFile): FileOutcome {
    if (ownPath.exec(filePath)?.[1] !== String(cameraId)) return refused
    const camera = this.#known(`cam_${cameraId} ${identity}`, () => this.#camera(cameraId, identity))
    if (typeof camera === "object") return { type: "kept", code: camera.code }
    const day = this.#known(dirname(filePath), () => this.#day(dirname(filePath)))
    if (typeof day === "object") return { type: "kept", code: day.code }
    return day === "absent" ? { type: "gone", freedBytes: 0 } : this.#unlinkBoth(filePath)
  }

  removeEmptyDays(today: string): void {
    for (const day of this.#days) {
      // A run may be about to publish into a day that has not ended.
      if (day.slice(day.indexOf("/") + 1) >= today) continue
      try {
        this.#fileSystem.rmdir(join(this.#root, day))
      } catch (error) {
        // Not empty, or not to be removed: it does no harm.
        codeOf(error)
      }
    }
  }

  #unlinkBoth(filePath: string): FileOutcome {
    const path = join(this.#root, filePath)
    let freedBytes = 0
    try {
      const stats = this.#fileSystem.lstat(path)
      if (stats !== undefined) {
        if (!stats.isFile()) return refused
        this.#fileSystem.unlink(path)
        freedBytes = stats.size
      }
    } catch (error) {
      const code = codeOf(error)
      if (code !== "ENOENT") return { type: "kept", code }
    }
    this.#days.add(dirname(filePath))
    const indexPath = `${path.slice(0, -4)}.idx`
    try {
      // Asked first: an error costs more than the answer.
      if (this.#fileSystem.lstat(indexPath) !== undefined) this.#fileSystem.unlink(indexPath)
    } catch (error) {
      const code = codeOf(error)
      if (code !== "ENOENT") return { type: "halved", freedBytes, code }
    }
    return { type: "gone", freedBytes }
  }

  #known(key: string, look: () => DirectoryState): DirectoryState {
    const known = this.#directories.get(key)
    if (known !== undefined) return known
    const state = look()
    this.#directories.set(key, state)
    return state
  }

  /** A directory of a camera that says it is another's keeps all that it holds. */
  #camera(cameraId: number, identity: string): DirectoryState {
    try {
      const text = readFileSync(join(this.#root, `cam_${cameraId}`, ".camera"), "utf8")
      return identityIn(text) === identity ? "present" : { code: "foreign directory" }
    } catch (error) {
      const code = codeOf(error)
      return code === "ENOENT" ? "present" : { code }
    }
  }

  #day(day: string): DirectoryState {
    const path = join(this.#root, day)
    try {
      return realpathSync.native(path) === path ? "present" : { code: "refused" }
    } catch (error) {
      const code = codeOf(error)
      return code === "ENOENT" ? "absent" : { code }
    }
  }
}

/** Throws what is not of the file system: a fault of ours. */
const codeOf = (error: unknown): string => {
  const code = errorCode(error)
  if (code === null) throw error
  return code
}

const identityIn = (text: string): unknown => {
  try {
    const file: unknown = JSON.parse(text)
    return typeof file === "object" && file !== null && "identity" in file ? file.identity : null
  } catch {
    return null
  }
}
