import { link, lstat, open, readdir, readFile, rename, rm, unlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { withoutHardLinks } from "../domain/withoutHardLinks.ts"
import { allPids, commandLineOf, processStartTicks, signalProcess } from "../recorder/processes.ts"
import { type ClipSidecar, sidecarPathOf } from "../storage/clipSidecar.ts"
import { errorCode } from "../domain/errorCode.ts"
import { syncDirectory } from "../storage/syncDirectory.ts"
import { writeAtomically } from "../storage/writeAtomically.ts"
import { assertUnlinked, ClipDirectoryLinked, clipDirectoryOf } from "./clipDirectory.ts"
import { unlessAbsent } from "./unlessAbsent.ts"

/** All of a sidecar that tells whose file it is, also in one of another version. */
const decodeHolder = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Struct({ clip_id: Schema.String })),
)

/** What an export writes, until it is whole. */
const unfinishedName = /^\.export-[0-9a-f-]{36}\.mp4$/

/** Where the file of a clip is written: `cam_1/clips/.export-<id>.mp4`. */
export const unfinishedPathOf = (cameraId: number, clipId: string): string =>
  `${clipDirectoryOf(cameraId)}/.export-${clipId}.mp4`

const exists = async (path: string): Promise<boolean> => (await unlessAbsent(lstat(path), null)) !== null

/** The path of the first of these recordings that is not there; null where all are. */
export const firstAbsent = async (
  recordingsDirectory: string,
  recordings: ReadonlyArray<{ readonly filePath: string }>,
): Promise<string | null> => {
  for (const { filePath } of recordings) {
    if (!(await exists(join(recordingsDirectory, filePath)))) return filePath
  }
  return null
}

/** Whether a file of that name, or its sidecar, is there already, whoever put it there. */
export const isTaken = async (recordingsDirectory: string, filePath: string): Promise<boolean> =>
  (await exists(join(recordingsDirectory, filePath))) ||
  (await exists(join(recordingsDirectory, sidecarPathOf(filePath))))

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
 * Replaces nothing: rejects with `EEXIST` where the name is taken, and leaves no sidecar then. Rejects with
 * `ClipDirectoryLinked`, as all that writes or removes here does.
 */
export const publishClip = async (
  recordingsDirectory: string,
  unfinishedPath: string,
  filePath: string,
  sidecar: ClipSidecar,
): Promise<void> => {
  await assertUnlinked(recordingsDirectory, dirname(filePath))
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
  await assertUnlinked(recordingsDirectory, dirname(clip.filePath))
  await rm(join(recordingsDirectory, unfinishedPathOf(clip.cameraId, clip.id)), { force: true })
  if (!(await exists(join(recordingsDirectory, clip.filePath)))) await retractClip(recordingsDirectory, clip)
}

/** The id of the clip whose file this is, as its sidecar says; null where no sidecar says so. */
export const holderOf = async (recordingsDirectory: string, filePath: string): Promise<string | null> => {
  const besides = join(recordingsDirectory, sidecarPathOf(filePath))
  const text = await unlessAbsent(readFile(besides, "utf8"), "")
  return Option.getOrNull(decodeHolder(text))?.clip_id ?? null
}

/** Removes from the disk what an export published, and nothing where no sidecar says that it did. */
export const retractClip = async (
  recordingsDirectory: string,
  { id, filePath }: { readonly id: string; readonly filePath: string },
): Promise<void> => {
  if ((await holderOf(recordingsDirectory, filePath)) === id) await removeClip(recordingsDirectory, filePath)
}

/** Removes a clip from the disk: its file, then its sidecar. */
export const removeClip = async (recordingsDirectory: string, filePath: string): Promise<void> => {
  await assertUnlinked(recordingsDirectory, dirname(filePath))
  const besides = join(recordingsDirectory, sidecarPathOf(filePath))
  // Not rm(3), which names the error of a second try.
  await unlessAbsent(unlink(join(recordingsDirectory, filePath)), null)
  await unlessAbsent(unlink(besides), null)
  await unlessAbsent(syncDirectory(dirname(besides)), null)
}

const namesIn = (directory: string): Promise<ReadonlyArray<string>> => unlessAbsent(readdir(directory), [])

/** Paths of unfinished files in the directory of a camera's clips. */
const unfinishedIn = async (
  recordingsDirectory: string,
  directory: string,
): Promise<ReadonlyArray<string>> => {
  try {
    await assertUnlinked(recordingsDirectory, directory)
  } catch (error) {
    if (error instanceof ClipDirectoryLinked) return []
    throw error
  }
  const names = await namesIn(join(recordingsDirectory, directory))
  return names.filter((name) => unfinishedName.test(name)).map((name) => `${directory}/${name}`)
}

/**
 * Ends exports that outlived their service, and removes all unfinished files; answers how many.
 *
 * Nothing is touched in the directories that are set aside, those of other cameras and installations, and none is
 * found behind a symbolic link.
 */
export const removeLeftovers = async (
  recordingsDirectory: string,
  isSetAside: (cameraId: number) => boolean,
): Promise<number> => {
  let removed = 0
  for (const camera of await namesIn(recordingsDirectory)) {
    const cameraId = /^cam_([1-9]\d{0,9})$/.exec(camera)?.[1]
    if (cameraId === undefined || isSetAside(Number(cameraId))) continue
    for (const path of await unfinishedIn(recordingsDirectory, clipDirectoryOf(Number(cameraId)))) {
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
