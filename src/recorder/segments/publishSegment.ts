import { closeSync, fstatSync, linkSync, mkdirSync, openSync, renameSync, unlinkSync } from "node:fs"
import { join } from "node:path"
import { errorCode } from "../../domain/errorCode.ts"
import { withoutHardLinks } from "../../domain/withoutHardLinks.ts"

/** What publishing needs of the file system; replaced in tests to play one without hard links. */
export interface PublishFileSystem {
  readonly link: (existingPath: string, newPath: string) => void
}

export const nodePublishFileSystem: PublishFileSystem = { link: linkSync }

/** A name that a segment is about to have, told before it has it so that a crash in between can be repaired. */
export interface Claim {
  /** Relative to the recordings directory. */
  readonly filePath: string
  readonly reservedInode: number | null
}

/** A day of taken seconds is no coincidence. */
const maxTries = 86_400
/** The last instant whose year has four digits. */
const lastNameableMillis = 253_402_300_799_000

/**
 * The name of a segment whose first frame was at `startMillis`: `cam_1/2026-01-14/15-20-07.mp4`, UTC.
 *
 * The nearest second: a file cut at the hour may begin some milliseconds before it, by the accuracy of its times.
 */
export const segmentPath = (cameraId: number, startMillis: number): string => {
  const nearestMillis = Math.round(startMillis / 1000) * 1000
  const nameable = Math.min(Math.max(0, nearestMillis), lastNameableMillis)
  const [day = "", time = ""] = new Date(nameable).toISOString().split(/[T.]/)
  return join(`cam_${cameraId}`, day, `${time.replaceAll(":", "-")}.mp4`)
}

/**
 * Gives a numbered file the name of the second it starts at, or of the next second that is free.
 *
 * Uses link(2), or where that is unknown an exclusive create and a rename over that reservation: either
 * way nothing is ever replaced. FFmpeg goes on writing to the same inode. Throws the error of the
 * system call that failed; the numbered file is then still there.
 */
export const publishSegment = (
  numberedPath: string,
  recordingsDirectory: string,
  cameraId: number,
  startMillis: number,
  onClaim: (claim: Claim) => void,
  { link }: PublishFileSystem = nodePublishFileSystem,
): string => {
  let canLink = true
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const filePath = segmentPath(cameraId, startMillis + attempt * 1000)
    const fullPath = join(recordingsDirectory, filePath)
    mkdirSync(join(fullPath, ".."), { recursive: true, mode: 0o750 })
    if (canLink) {
      onClaim({ filePath, reservedInode: null })
      const outcome = tryLink(() => link(numberedPath, fullPath))
      if (outcome === "linked") {
        unlinkSync(numberedPath)
        return filePath
      }
      if (outcome === "taken") continue
      canLink = false
    }
    const reservedInode = reserve(fullPath)
    if (reservedInode === null) continue
    onClaim({ filePath, reservedInode })
    try {
      renameSync(numberedPath, fullPath)
    } catch (error) {
      unlinkSync(fullPath)
      throw error
    }
    return filePath
  }
  throw new Error(`no free name for ${numberedPath}`)
}

const tryLink = (link: () => void): "linked" | "taken" | "unsupported" => {
  try {
    link()
    return "linked"
  } catch (error) {
    const code = errorCode(error)
    if (code === "EEXIST") return "taken"
    if (withoutHardLinks.has(code)) return "unsupported"
    throw error
  }
}

const reserve = (fullPath: string): number | null => {
  try {
    const descriptor = openSync(fullPath, "wx", 0o640)
    const { ino } = fstatSync(descriptor)
    closeSync(descriptor)
    return ino
  } catch (error) {
    if (errorCode(error) === "EEXIST") return null
    throw error
  }
}
