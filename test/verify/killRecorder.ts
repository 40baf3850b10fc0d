import { videoProfiles } from "../../src/demo/simulator/clipProfiles.ts"
import type { VideoClipName } from "../../src/demo/simulator/clipProfiles.ts"
import type { SessionCounters } from "../../src/demo/simulator/counters.ts"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import type { Random } from "../../src/demo/simulator/seededRandom.ts"
import type { CameraHandle } from "../../src/demo/simulator/simulator.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { type CameraFile, type Imprint, cameraFiles, imprints, lookWhilePublished } from "./cameraFiles.ts"
import { starvation } from "./starvation.ts"
import type { Trial } from "./Trial.ts"

/** What one kill cost. */
export interface Kill {
  readonly path: string
  readonly video: VideoClipName
  readonly tailSeconds: number
  /** By so much FFmpeg was behind at the most when it was killed, since it waited for a processor. */
  readonly starvedSeconds: number
  readonly tailFrames: number
  /** Frames sent before the first of the file, in the session that the next run plays. */
  readonly headFrames: number
  /** From the kill to the first fragment of the next run on disk. */
  readonly returnSeconds: number
  readonly keyframeWaitSeconds: number
}

/** A camera whose recorder is killed. */
export interface Victim {
  readonly id: number
  readonly video: VideoClipName
  readonly kills: number
  readonly camera: CameraHandle
}

/** The service is set to forgive failures after this. */
export const healthySpellSeconds = 3
/** Kills come at any instant of this time after the spell: it spans several fragments. */
const randomSpanMillis = 3000
/** How far the simulator may be off the instant at which a frame is due. */
const paceMillis = 4

const sessionOf = (
  sessions: ReadonlyArray<SessionCounters>,
  sequence: number,
  isWanted: (session: SessionCounters) => boolean,
): SessionCounters => {
  const found = sessions.find(
    (session) =>
      isWanted(session) &&
      (session.firstSequence ?? Infinity) <= sequence &&
      sequence <= (session.lastSequence ?? -Infinity),
  )
  if (found === undefined) throw new Error(`no session played frame ${sequence}`)
  return found
}

/** The file of the run that was healthy for long enough, as the stamps in it show. */
const healthyFile = (directory: string, known: ReadonlySet<number>): CameraFile | undefined =>
  cameraFiles(directory).find(({ path, inode }) => {
    if (known.has(inode)) return false
    const stamps = readFrameStamps(path)
    const [first, last] = [stamps.at(0), stamps.at(-1)]
    if (first === undefined || last === undefined) return false
    return last.sentAtMillis - first.sentAtMillis > (healthySpellSeconds + 1.5) * 1000
  })

/** A file with a whole fragment that is none of the known ones. */
const begunFile = (directory: string, known: ReadonlySet<number>): CameraFile | undefined => {
  const begun = cameraFiles(directory).find(
    ({ path, inode }) => !known.has(inode) && readFrameStamps(path).length > 0,
  )
  // Looked at again: now its time of writing is that of the fragment that was read, or a later one.
  return begun && cameraFiles(directory).find(({ inode }) => inode === begun.inode)
}

/**
 * Kills the recorder of a camera at an instant of chance after a healthy spell and waits for the next fragment.
 *
 * `over` holds the inodes of files of earlier runs; those of this run are added.
 */
export const killRecorder = async (
  trial: Trial,
  victim: Victim,
  random: Random,
  over: Set<number>,
): Promise<{ readonly kill: Kill; readonly before: ReadonlyArray<Imprint> }> => {
  const directory = trial.cameraDirectory(victim.id)
  const written = await awaitFact(
    "a healthy spell is on disk",
    () => lookWhilePublished(() => healthyFile(directory, over)),
    60_000,
  )
  await new Promise((passed) => setTimeout(passed, random() * randomSpanMillis))
  const run = trial.runOf(victim.id)
  if (run === undefined) throw new Error("no run to kill")
  const starvedSeconds = (await starvation([run])).get(run.pid) ?? 0
  const before = imprints(directory)
  process.kill(run.pid, "SIGKILL")
  const killedAtMillis = Date.now()
  for (const { inode } of cameraFiles(directory)) over.add(inode)
  const next = await awaitFact("the next fragment is on disk", () =>
    lookWhilePublished(() => begunFile(directory, over)),
  )
  const tailPath = cameraFiles(directory).find(({ inode }) => inode === written.inode)?.path ?? ""
  const last = readFrameStamps(tailPath).at(-1)
  const first = lookWhilePublished(() => {
    const now = cameraFiles(directory).find(({ inode }) => inode === next.inode)
    return now === undefined ? undefined : readFrameStamps(now.path).at(0)
  })
  if (last === undefined || first === undefined) throw new Error("a file lost its frames")
  const { sessions } = await victim.camera.counters()
  const cut = sessionOf(sessions, last.sequence, ({ startedAtMillis }) => startedAtMillis < killedAtMillis)
  const played = sessionOf(
    sessions,
    first.sequence,
    ({ startedAtMillis }) => startedAtMillis > killedAtMillis,
  )
  const frameSeconds = 1 / videoProfiles[victim.video].framesPerSecond
  // The camera may have handed frames to a connection whose reader was dead already.
  const tailFrames = Math.min(
    (cut.lastSequence ?? 0) - last.sequence,
    Math.floor((killedAtMillis - last.sentAtMillis + paceMillis) / (frameSeconds * 1000)),
  )
  const headFrames = first.sequence - (played.firstSequence ?? 0)
  const firstSentAtMillis = first.sentAtMillis - headFrames * frameSeconds * 1000
  return {
    before,
    kill: {
      path: victim.camera.path,
      video: victim.video,
      tailFrames,
      tailSeconds: tailFrames * frameSeconds,
      starvedSeconds,
      headFrames,
      returnSeconds: (next.writtenAtMillis - killedAtMillis) / 1000,
      keyframeWaitSeconds: (firstSentAtMillis - played.startedAtMillis) / 1000,
    },
  }
}
