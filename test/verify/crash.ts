import type { AudioClipName } from "../../src/demo/simulator/clipProfiles.ts"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import { seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import { examineFile } from "../service/recordedFile.ts"
import { type Imprint, cameraFiles, lostImprints } from "./cameraFiles.ts"
import { type Kill, type Victim, healthySpellSeconds, killRecorder } from "./killRecorder.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest, median, rounded } from "./verdict.ts"

export interface CrashOptions extends TrialGround {
  readonly seed: number
  /** Each camera is killed once, again and again until there were so many kills of its kind. */
  readonly ordinary: { readonly cameras: number; readonly kills: number }
  /** 60 kb/s, a keyframe every 4 s. */
  readonly lowBitrate: { readonly cameras: number; readonly kills: number }
}

/** Without sound, with sound that is copied, with sound that is encoded. */
const soundOf = (at: number): { readonly audio?: AudioClipName } => {
  const audio = (["none", "aac", "pcma"] as const)[at % 3] ?? "none"
  return audio === "none" ? {} : { audio }
}

const killAgainAndAgain = async (trial: Trial, victim: Victim, seed: number) => {
  const random = seededRandom(seed, victim.camera.path)
  const over = new Set<number>()
  const kills: Array<Kill> = []
  const before: Array<Imprint> = []
  while (kills.length < victim.kills) {
    const outcome = await killRecorder(trial, victim, random, over)
    kills.push(outcome.kill)
    before.push(...outcome.before)
  }
  return { kills, before }
}

const tailVerdict = (name: string, kills: ReadonlyArray<Kill>): Verdict => {
  const tails = kills.map(({ tailSeconds }) => tailSeconds)
  const owed = kills.map(({ tailSeconds, starvedSeconds }) => tailSeconds - starvedSeconds)
  return {
    name,
    figures: {
      kills: kills.length,
      worst_seconds: rounded(greatest(tails)),
      median_seconds: rounded(median(tails)),
      worst_frames: greatest(kills.map(({ tailFrames }) => tailFrames)),
      all_frames: kills.map(({ path, tailFrames }) => `${path}:${tailFrames}`).join(" "),
      longest_wait_for_processor_seconds: rounded(
        greatest(kills.map(({ starvedSeconds }) => starvedSeconds)),
      ),
    },
    target: "at most 1.0 s missing at each tail, and what FFmpeg waited for a processor in the second before",
    met: greatest(owed) <= 1.0001,
  }
}

const returnVerdict = (kills: ReadonlyArray<Kill>): Verdict => {
  const delays = kills.map(({ returnSeconds, keyframeWaitSeconds }) => returnSeconds - keyframeWaitSeconds)
  return {
    name: "crash.return",
    figures: {
      kills: kills.length,
      worst_seconds_without_keyframe_wait: rounded(greatest(delays)),
      median_seconds_without_keyframe_wait: rounded(median(delays)),
      worst_seconds: rounded(greatest(kills.map(({ returnSeconds }) => returnSeconds))),
      worst_head_frames: greatest(kills.map(({ headFrames }) => headFrames)),
    },
    target: "next fragment on disk within 2.5 s plus the wait for the next keyframe",
    met: greatest(delays) <= 2.5,
  }
}

const playVerdict = async (directories: ReadonlyArray<string>): Promise<Verdict> => {
  let files = 0
  let frames = 0
  const faults: Array<string> = []
  for (const { path } of directories.flatMap(cameraFiles)) {
    const file = await examineFile(path)
    const stamped = readFrameStamps(path).length
    files += 1
    frames += file.videoFrames
    if (file.videoFrames < stamped) faults.push(`${path}: ${file.videoFrames} of ${stamped} frames decode`)
    if (file.decodeErrors !== "") faults.push(`${path}: ${file.decodeErrors.slice(0, 200)}`)
    const lostFrames = file.lastSequence - file.firstSequence + 1 - file.stampedFrames
    if (lostFrames > 0) faults.push(`${path}: ${lostFrames} frames lost`)
    if (path.includes(".runs")) faults.push(`${path}: not published`)
  }
  return {
    name: "crash.play",
    figures: { files, decoded_frames: frames, faults: faults.length, first_fault: faults[0] ?? "none" },
    target: "ffprobe reads every file and decodes all its frames, none missing between",
    met: files > 0 && faults.length === 0,
  }
}

/** `kill -9` of FFmpeg at random instants after a healthy spell: what is lost, what plays, when it is back. */
export const measureCrash = async (options: CrashOptions): Promise<ReadonlyArray<Verdict>> => {
  const kinds = [
    { ...options.ordinary, video: "h264-360p", name: "ordinary" },
    { ...options.lowBitrate, video: "h264-360p-low", name: "low" },
  ] as const
  const cameras = kinds.flatMap(({ cameras: count, kills, video, name }) =>
    Array.from({ length: count }, (_, at) => ({
      path: `${name}${at}`,
      video,
      ...(name === "ordinary" ? soundOf(at) : {}),
      kills: Math.floor(kills / count) + (at < kills % count ? 1 : 0),
    })),
  )
  const environment = { RECORDING_HEALTHY_SPELL: String(healthySpellSeconds) }
  return Trial.run({ ...options, environment, cameras }, async (trial) => {
    const victims: Array<Victim> = []
    for (const { path, video, kills } of cameras) {
      const camera = trial.simulator.camera(path)
      victims.push({ id: await trial.add(path, camera.url), video, kills, camera })
    }
    const outcomes = await Promise.all(
      victims.map((victim) => killAgainAndAgain(trial, victim, options.seed)),
    )
    await trial.stopAll(victims.map(({ id }) => id))
    const directories = victims.map(({ id }) => trial.cameraDirectory(id))
    const kills = outcomes.flatMap((outcome) => outcome.kills)
    const changed = directories.flatMap((directory, at) =>
      lostImprints(directory, outcomes[at]?.before ?? []),
    )
    const imprinted = outcomes.reduce((sum, { before }) => sum + before.length, 0)
    return [
      await playVerdict(directories),
      tailVerdict(
        "crash.tail",
        kills.filter(({ video }) => video === "h264-360p"),
      ),
      tailVerdict(
        "crash.tail_60kbps",
        kills.filter(({ video }) => video === "h264-360p-low"),
      ),
      returnVerdict(kills),
      {
        name: "crash.bytes_kept",
        figures: { compared: imprinted, changed: changed.length },
        target: "no byte written before a kill is changed",
        met: imprinted >= kills.length && changed.length === 0,
      },
    ]
  })
}
