import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { FrameStamp } from "../../src/demo/simulator/frameStamp.ts"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"

/** The stamps of all pictures of a clip in file order, also of those that an edit list hides. */
export const clipStamps = (path: string): ReadonlyArray<FrameStamp> => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-stamps-"))
  const fragmented = join(directory, "clip.mp4")
  try {
    execFileSync(
      "ffmpeg",
      ["-nostdin", "-v", "error", "-ignore_editlist", "1", "-i", path, "-map", "0:v", "-c", "copy"].concat([
        "-movflags",
        "+frag_keyframe+empty_moov+default_base_moof",
        fragmented,
      ]),
    )
    return readFrameStamps(fragmented)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** What a clip says of itself, and what was asked for; instants in Unix milliseconds. */
export interface PlacedClip {
  readonly path: string
  readonly fromMillis: number
  readonly toMillis: number
  readonly startMillis: number
  readonly endMillis: number
  readonly durationSeconds: number
  /** Between two keyframes. */
  readonly groupMillis: number
}

/**
 * What is wrong with a clip of a stamped run; null where nothing is.
 *
 * Its pictures are those of the run from the keyframe before its beginning up to its end, each of them once, to one
 * frame: so not those of another minute that look alike.
 */
export const faultOfClip = (clip: PlacedClip, frameMillis: number): string | null => {
  const stamps = clipStamps(clip.path)
  const [first] = stamps
  const last = stamps.at(-1)
  if (first === undefined || last === undefined) return "it has no picture"
  const off = (one: number, other: number): boolean => Math.abs(one - other) > frameMillis
  if (stamps.some(({ sequence }, index) => sequence !== first.sequence + index)) return "pictures are missing"
  if (off(first.sentAtMillis, clip.startMillis)) return "it does not begin when it says"
  if (off(last.sentAtMillis + frameMillis, clip.endMillis)) return "it does not end when it says"
  if (off(stamps.length * frameMillis, clip.durationSeconds * 1000)) return "it is not as long as it says"
  const leadMillis = clip.fromMillis - first.sentAtMillis
  if (leadMillis < -frameMillis || leadMillis > clip.groupMillis + frameMillis) return "it begins elsewhere"
  return off(clip.endMillis, clip.toMillis) ? "it ends elsewhere" : null
}
