import type { CameraHandle } from "../../src/demo/simulator/simulator.ts"
import type { Random } from "../../src/demo/simulator/seededRandom.ts"
import type { Cause } from "../../src/domain/Cause.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { Trial } from "./Trial.ts"

/** One failure of a camera, until it recorded again. */
export interface AwayFault {
  readonly kind: string
  readonly cause: Cause
  readonly fromMillis: number
  readonly toMillis: number
}

const pause = (millis: number): Promise<void> => new Promise((passed) => setTimeout(passed, millis))

/** Longer than the stall limit of the service under `awayEnvironment`. */
const stallMillis = 6_000

/** Settings of the service under which a camera fails and recovers within seconds. */
export const awayEnvironment = {
  RECORDING_SEGMENT_DURATION: "10",
  RECORDING_STALL_TIMEOUT: "4",
  RECORDING_HEALTHY_SPELL: "3",
  RECORDING_RETRY_INITIAL: "0.5",
  RECORDING_RETRY_MAX: "2",
}

const faults: ReadonlyArray<{
  readonly kind: string
  readonly cause: Cause
  readonly happen: (trial: Trial, cameraId: number, camera: CameraHandle, random: Random) => Promise<void>
}> = [
  {
    kind: "reboot",
    cause: "camera_unreachable",
    happen: (_trial, _id, camera, random) =>
      camera.set({ kind: "reboot", downMillis: 1000 + random() * 3000 }),
  },
  {
    kind: "stall",
    cause: "stalled",
    happen: async (_trial, _id, camera) => {
      await camera.set({ kind: "stall" })
      await pause(stallMillis)
      await camera.clear("stall")
    },
  },
  {
    kind: "kill",
    cause: "process_crashed",
    happen: async (trial, cameraId) => {
      const run = trial.runOf(cameraId)
      if (run !== undefined) process.kill(run.pid, "SIGKILL")
    },
  },
  {
    kind: "reset",
    cause: "camera_unreachable",
    happen: (_trial, _id, camera) => camera.set({ kind: "dropReset" }),
  },
]

/**
 * Lets a camera fail and recover again and again; none of it needs the database.
 *
 * @param first which of the faults comes first
 */
export const failAndRecover = async (
  trial: Trial,
  cameraId: number,
  camera: CameraHandle,
  options: { readonly first: number; readonly random: Random; readonly untilMonotonicMillis: number },
): Promise<ReadonlyArray<AwayFault>> => {
  const happened: Array<AwayFault> = []
  for (let at = options.first; performance.now() < options.untilMonotonicMillis; at += 1) {
    const fault = faults[at % faults.length]
    if (fault === undefined) break
    const { failures } = await trial.state(cameraId)
    const fromMillis = Date.now()
    await fault.happen(trial, cameraId, camera, options.random)
    await awaitFact(`camera ${cameraId} records again after ${fault.kind}`, async () => {
      const state = await trial.state(cameraId)
      return state.failures > failures && state.state === "recording"
    })
    happened.push({ kind: fault.kind, cause: fault.cause, fromMillis, toMillis: Date.now() })
    await pause(500 + options.random() * 2000)
  }
  return happened
}
