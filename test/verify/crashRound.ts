import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import type { CameraHandle } from "../../src/demo/simulator/simulator.ts"
import { isProcessAlive, signalProcess } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { cameraFiles, lookWhilePublished } from "./cameraFiles.ts"
import { starvation } from "./starvation.ts"
import type { Trial } from "./Trial.ts"

/** A camera of the service and the simulated one behind it. */
export interface CrashedCamera {
  readonly id: number
  readonly camera: CameraHandle
}

/** What a kill of the service and of all recorders left of one camera. */
export interface Tail {
  readonly cameraId: number
  /** Sent before the kill and not on disk. */
  readonly lostFrames: number
  readonly lastSentAtMillis: number
  /** By so much FFmpeg was behind at the most when it was killed, since it waited for a processor. */
  readonly starvedSeconds: number
}

export const frameMillis = 40
/** How far the simulator may be off the instant at which a frame is due. */
const paceMillis = 4

/** All frames of a camera on disk. */
export const stampsOf = (cameraDirectory: string) =>
  lookWhilePublished(() =>
    cameraFiles(cameraDirectory).flatMap(({ path }) => readFrameStamps(path)),
  ).toSorted((a, b) => a.sequence - b.sequence)

const tailOf = async (
  trial: Trial,
  { id, camera }: CrashedCamera,
  killedAtMillis: number,
  starvedSeconds: number,
): Promise<Tail> => {
  const last = stampsOf(trial.cameraDirectory(id)).at(-1)
  if (last === undefined) throw new Error(`camera ${id} left no frame`)
  const { sessions } = await camera.counters()
  const sent = sessions.flatMap(({ startedAtMillis, lastSequence }) =>
    startedAtMillis < killedAtMillis ? [lastSequence ?? 0] : [],
  )
  return {
    cameraId: id,
    lastSentAtMillis: last.sentAtMillis,
    starvedSeconds,
    // The camera may have handed frames to a connection whose reader was dead already.
    lostFrames: Math.min(
      Math.max(...sent) - last.sequence,
      Math.floor((killedAtMillis - last.sentAtMillis + paceMillis) / frameMillis),
    ),
  }
}

/** Resolves when all cameras are in a state. */
export const allAre = (trial: Trial, cameras: ReadonlyArray<CrashedCamera>, state: string) =>
  awaitFact(
    `all cameras are in ${state}`,
    async () =>
      (await Promise.all(cameras.map(({ id }) => trial.state(id)))).every((one) => one.state === state),
    60_000,
  )

/** Kills the service and all recorders at one instant; answers what that left. */
export const killEverything = async (
  trial: Trial,
  cameras: ReadonlyArray<CrashedCamera>,
): Promise<ReadonlyArray<Tail>> => {
  const runs = trial.service.runs()
  const starved = await starvation(runs)
  const starvedSeconds = (cameraId: number) =>
    starved.get(runs.find((run) => run.cameraId === cameraId)?.pid ?? 0) ?? 0
  trial.service.kill("SIGKILL")
  for (const run of runs) signalProcess(run, "SIGKILL")
  const killedAtMillis = Date.now()
  await trial.service.end("SIGKILL")
  // One that was just being started is found by a second look.
  await awaitFact("nothing records any more", () => {
    for (const run of trial.service.runs()) signalProcess(run, "SIGKILL")
    return !runs.some(isProcessAlive) && trial.service.runs().length === 0
  })
  return Promise.all(
    cameras.map((camera) => tailOf(trial, camera, killedAtMillis, starvedSeconds(camera.id))),
  )
}
