import { createHash } from "node:crypto"
import { readFileSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { errorCode } from "../../src/domain/errorCode.ts"

/** A file of a camera as it is now; its name may change while it grows, its inode does not. */
export interface CameraFile {
  readonly path: string
  readonly inode: number
  readonly sizeBytes: number
  /** When it was last written (Unix milliseconds). */
  readonly writtenAtMillis: number
}

/** Every mp4 of a camera, published or not, by path. */
export const cameraFiles = (cameraDirectory: string): ReadonlyArray<CameraFile> => {
  const files: Array<CameraFile> = []
  for (const name of namesIn(cameraDirectory)) {
    if (!name.endsWith(".mp4")) continue
    const path = join(cameraDirectory, name)
    const stats = statSync(path, { throwIfNoEntry: false })
    // Published under another name since the directory was read.
    if (stats === undefined) continue
    files.push({ path, inode: stats.ino, sizeBytes: stats.size, writtenAtMillis: stats.mtimeMs })
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** Looks again where a file is not there any more under the name that was listed: it was published meanwhile. */
export const lookWhilePublished = <Found>(look: () => Found): Found => {
  for (let looksLeft = 20; ; looksLeft -= 1) {
    try {
      return look()
    } catch (error) {
      if (looksLeft === 0 || errorCode(error) !== "ENOENT") throw error
    }
  }
}

const namesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory, { recursive: true, encoding: "utf8" })
  } catch (error) {
    if (errorCode(error) === "ENOENT") return []
    throw error
  }
}

/** The instant that a path such as `cam_1/2026-01-14/15-20-07.mp4` names in UTC; NaN where it names none. */
export const instantOfName = (path: string): number => {
  const [, day, hour, minute, second] = /(\d{4}-\d\d-\d\d)\/(\d\d)-(\d\d)-(\d\d)\.mp4$/.exec(path) ?? []
  return Date.parse(`${day}T${hour}:${minute}:${second}Z`)
}

/** The bytes of a file at one moment. */
export interface Imprint {
  readonly path: string
  readonly inode: number
  readonly sizeBytes: number
  readonly hash: string
}

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

/** What each file of a camera holds now. */
export const imprints = (cameraDirectory: string): ReadonlyArray<Imprint> =>
  cameraFiles(cameraDirectory).flatMap(({ path, inode }) => {
    try {
      const bytes = readFileSync(path)
      return [{ path, inode, sizeBytes: bytes.length, hash: hashOf(bytes) }]
    } catch (error) {
      // Published since: it is among the files under its new name at the next look.
      if (errorCode(error) === "ENOENT") return []
      throw error
    }
  })

/** Those whose bytes are not there any more, under whatever name. */
export const lostImprints = (
  cameraDirectory: string,
  earlier: ReadonlyArray<Imprint>,
): ReadonlyArray<Imprint> => {
  const pathOf = new Map(cameraFiles(cameraDirectory).map(({ inode, path }) => [inode, path]))
  return earlier.filter(({ inode, sizeBytes, hash }) => {
    const path = pathOf.get(inode)
    return path === undefined || hashOf(readFileSync(path).subarray(0, sizeBytes)) !== hash
  })
}
