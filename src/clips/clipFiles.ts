import { link, lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Schema from "effect/Schema"
import { allPids, commandLineOf, processStartTicks, signalProcess } from "../recorder/processes.ts"
import { ClipSidecar, sidecarPathOf } from "../storage/clipSidecar.ts"
import { errorCode } from "../storage/errorCode.ts"
import { syncDirectory } from "../storage/syncDirectory.ts"
import { writeAtomically } from "../storage/writeAtomically.ts"

const decodeSidecar = Schema.decodeUnknownOption(ClipSidecar)

/** Answers of link(2) that mean "not on this file system". */
const withoutHardLinks: ReadonlySet<string> = new Set(["EPERM", "EOPNOTSUPP", "ENOTSUP", "EMLINK", "ENOSYS"])

/** What an export writes, until it is whole. */
const unfinishedName = /^\.export-[0-9a-f-]{36}\.mp4$/

/** Where the file of a clip is written: `cam_1/clips/.export-<id>.mp4`. */
export const unfinishedPathOf = (cameraId: number, clipId: string): string =>
  `cam_${cameraId}/clips/.export-${clipId}.mp4`

const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false
    throw error
  }
}

/** Whether a file of that name, or its sidecar, is there already, whoever put it there. */
export const isTaken = async (recordingsDirectory: string, filePath: string): Promise<boolean> =>
  (await exists(join(recordingsDirectory, filePath))) ||
  (await exists(join(recordingsDirectory, sidecarPathOf(filePath))))

/** Makes the directory of a camera's clips. */
export const makeClipDirectory = async (recordingsDirectory: string, cameraId: number): Promise<void> => {
  const made = await mkdir(join(recordingsDirectory, `cam_${cameraId}`, "clips"), {
    recursive: true,
    mode: 0o750,
  })
  if (made !== undefined) await syncDirectory(dirname(made))
}

/** Brings a file that was written onto the medium; answers its size. */
export const syncFile = async (path: string): Promise<number> => {
  const file = await open(path, "r+")
  try {
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

/**
 * Gives a clip's file its name, with its sidecar first: whoever finds the file under that name finds it whole.
 *
 * Replaces nothing: rejects with `EEXIST` where the name is taken, and leaves no sidecar then.
 */
export const publishClip = async (
  recordingsDirectory: string,
  unfinishedPath: string,
  filePath: string,
  sidecar: ClipSidecar,
): Promise<void> => {
  const from = join(recordingsDirectory, unfinishedPath)
  const to = join(recordingsDirectory, filePath)
  const besides = join(recordingsDirectory, sidecarPathOf(filePath))
  if (await isTaken(recordingsDirectory, filePath)) {
    throw Object.assign(new Error(`${filePath} is there already`), { code: "EEXIST" })
  }
  await writeAtomically(besides, `${JSON.stringify(sidecar, null, 2)}\n`, 0o640)
  try {
    await giveName(from, to)
  } catch (error) {
    await rm(besides, { force: true })
    throw error
  }
  await syncDirectory(dirname(to))
}

const giveName = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to)
    await rm(from)
  } catch (error) {
    if (!withoutHardLinks.has(errorCode(error))) throw error
    // The name is reserved by its row, and was just looked for.
    await rename(from, to)
  }
}

/**
 * Removes what an export left when its service ended: its unfinished file, and a sidecar that got no file.
 *
 * A clip that has its file is whole, and is left as it is.
 */
export const removeUnfinished = async (
  recordingsDirectory: string,
  clip: { readonly id: string; readonly cameraId: number; readonly filePath: string },
): Promise<void> => {
  await rm(join(recordingsDirectory, unfinishedPathOf(clip.cameraId, clip.id)), { force: true })
  if (!(await exists(join(recordingsDirectory, clip.filePath)))) await removeClip(recordingsDirectory, clip)
}

/** Removes a clip from the disk: its file, then its sidecar; nothing where the sidecar is another clip's. */
export const removeClip = async (
  recordingsDirectory: string,
  { id, filePath }: { readonly id: string; readonly filePath: string },
): Promise<void> => {
  const besides = join(recordingsDirectory, sidecarPathOf(filePath))
  if ((await readSidecar(besides))?.clip_id !== id) return
  await rm(join(recordingsDirectory, filePath), { force: true })
  await rm(besides, { force: true })
  await syncDirectory(dirname(besides))
}

const readSidecar = async (path: string): Promise<ClipSidecar | null> => {
  try {
    const sidecar = decodeSidecar(await readFile(path, "utf8"))
    return sidecar._tag === "Some" ? sidecar.value : null
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return null
    throw error
  }
}

const namesIn = async (directory: string): Promise<ReadonlyArray<string>> => {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return []
    throw error
  }
}

/** Ends exports that outlived their service, and removes all unfinished files; answers how many. */
export const removeLeftovers = async (recordingsDirectory: string): Promise<number> => {
  let removed = 0
  for (const camera of await namesIn(recordingsDirectory)) {
    if (!/^cam_[1-9]\d{0,9}$/.test(camera)) continue
    for (const name of await namesIn(join(recordingsDirectory, camera, "clips"))) {
      if (!unfinishedName.test(name)) continue
      const path = `${camera}/clips/${name}`
      endWriters(path)
      await rm(join(recordingsDirectory, path), { force: true })
      removed += 1
    }
  }
  return removed
}

/** The last argument of an export is its target, which holds a UUID: no other process is meant. */
const endWriters = (path: string): void => {
  for (const pid of allPids()) {
    const ticks = processStartTicks(pid)
    if (ticks === null || commandLineOf(pid)?.at(-1) !== path) continue
    signalProcess({ pid, processStartTicks: ticks }, "SIGKILL")
  }
}
