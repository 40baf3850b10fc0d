import { lstatSync, readFileSync, realpathSync, rmdirSync, type Stats, unlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { systemErrorCode } from "../domain/errorCode.ts"
import { protectedFilesIn } from "../storage/protectedFiles.ts"
import type { DeletionAnswer, DeletionRequest, LeftFile } from "./deletionMessages.ts"

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

/** Of a path that is none of ours, a link, or what is no regular file. */
const refusedCode = "refused"

/** What became of a file; `freedBytes` and `code` as in `DeletionAnswer`. */
type FileOutcome =
  | { readonly type: "gone"; readonly freedBytes: number }
  | { readonly type: "kept"; readonly code: string }

const refused: FileOutcome = { type: "kept", code: refusedCode }
const protectedOnDisk: FileOutcome = { type: "kept", code: "protected" }
const goneBefore: FileOutcome = { type: "gone", freedBytes: 0 }

/** Unlinks recordings with their indexes, then removes days that are empty. Never follows a symbolic link. */
export const unlinkRecordings = (
  recordingsDirectory: string,
  { files, today }: DeletionRequest,
  fileSystem: DeletionFileSystem,
): DeletionAnswer => {
  const unlinker = new Unlinker(recordingsDirectory, fileSystem)
  const left: Array<LeftFile> = []
  let freedBytes = 0
  for (const { cameraId, identity, filePaths } of files) {
    for (const filePath of filePaths.split("\n")) {
      const outcome = unlinker.unlink(cameraId, identity, filePath)
      if (outcome.type === "kept") left.push({ filePath, code: outcome.code })
      else freedBytes += outcome.freedBytes
    }
  }
  unlinker.removeEmptyDays(today)
  return { freedBytes, left }
}

type DirectoryState = "present" | "absent" | { readonly code: string }

/** What protects files of a camera on the disk, whatever their rows say. */
type Protection = ReadonlySet<string> | { readonly code: string }

class Unlinker {
  readonly #root: string
  readonly #fileSystem: DeletionFileSystem
  /** Days, and cameras of an identity, as they were found. */
  readonly #directories = new Map<string, DirectoryState>()
  readonly #protections = new Map<string, Protection>()
  readonly #days = new Set<string>()

  constructor(recordingsDirectory: string, fileSystem: DeletionFileSystem) {
    this.#root = realpathSync.native(recordingsDirectory)
    this.#fileSystem = fileSystem
  }

  unlink(cameraId: number, identity: string, filePath: string): FileOutcome {
    if (ownPath.exec(filePath)?.[1] !== String(cameraId)) return refused
    const camera = this.#known(`cam_${cameraId} ${identity}`, () => this.#camera(cameraId, identity))
    if (typeof camera === "object") return { type: "kept", code: camera.code }
    const protection = this.#protectionOf(cameraId, identity)
    if ("code" in protection) return { type: "kept", code: protection.code }
    if (protection.has(filePath)) return protectedOnDisk
    const day = this.#known(dirname(filePath), () => this.#day(dirname(filePath)))
    if (typeof day === "object") return { type: "kept", code: day.code }
    return day === "absent" ? goneBefore : this.#unlinkBoth(filePath)
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

  /** The index first: what is left of a recording then is one that nobody observed, with its row. */
  #unlinkBoth(filePath: string): FileOutcome {
    const path = join(this.#root, filePath)
    const indexPath = `${path.slice(0, -4)}.idx`
    try {
      const stats = this.#fileSystem.lstat(path)
      if (stats !== undefined && !stats.isFile()) return refused
      // Asked first: an error costs more than the answer.
      if (this.#fileSystem.lstat(indexPath) !== undefined) this.#unlinkIfThere(indexPath)
      if (stats !== undefined) this.#unlinkIfThere(path)
      this.#days.add(dirname(filePath))
      return { type: "gone", freedBytes: stats?.size ?? 0 }
    } catch (error) {
      return { type: "kept", code: codeOf(error) }
    }
  }

  #unlinkIfThere(path: string): void {
    try {
      this.#fileSystem.unlink(path)
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error
    }
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

  #protectionOf(cameraId: number, identity: string): Protection {
    const key = `cam_${cameraId} ${identity}`
    const known = this.#protections.get(key)
    if (known !== undefined) return known
    const protection = this.#readProtection(cameraId, identity)
    this.#protections.set(key, protection)
    return protection
  }

  #readProtection(cameraId: number, identity: string): Protection {
    try {
      const text = readFileSync(join(this.#root, `cam_${cameraId}`, ".protected"), "utf8")
      const found = protectedFilesIn(text, { id: cameraId, identity })
      return found.kind === "read" ? new Set(found.filePaths) : { code: `${found.kind} .protected` }
    } catch (error) {
      const code = codeOf(error)
      return code === "ENOENT" ? new Set() : { code }
    }
  }

  #day(day: string): DirectoryState {
    const path = join(this.#root, day)
    try {
      return realpathSync.native(path) === path ? "present" : { code: refusedCode }
    } catch (error) {
      const code = codeOf(error)
      return code === "ENOENT" ? "absent" : { code }
    }
  }
}

/** Throws what is not of the file system: a fault of ours. */
const codeOf = (error: unknown): string => {
  const code = systemErrorCode(error)
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
