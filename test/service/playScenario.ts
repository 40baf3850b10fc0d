import { join } from "node:path"
import type { Simulator } from "../../src/demo/simulator/simulator.ts"
import type { CoverageAnswer, RecordingAnswer } from "./apiAnswers.ts"
import type { Transition } from "./CameraTransitions.ts"
import { FaultScene, type Noted, type Stage } from "./FaultScene.ts"
import type { FaultScenario } from "./FaultScenario.ts"
import { examineFile, type RecordedFile } from "./recordedFile.ts"
import { type RecordedRun, recordedRuns } from "./recordedRuns.ts"
import type { LagFigures } from "./VideoLag.ts"

/** Everything that was seen of one scenario. */
export interface Observation {
  readonly stage: Stage
  readonly cameraId: number
  readonly transitions: ReadonlyArray<Transition>
  readonly coverage: CoverageAnswer
  readonly recordings: ReadonlyArray<RecordingAnswer>
  /** In the order of the recordings. */
  readonly files: ReadonlyArray<RecordedFile>
  readonly runs: ReadonlyArray<RecordedRun>
  readonly noted: Noted | null
  readonly lastAlerts: ReadonlyArray<string>
  readonly lag: LagFigures | null
  /** From the fault to the state that says so; null where nothing failed. */
  readonly detectedMillis: number | null
  /** From the end of the fault, or of the last try that it still failed, to the state `recording`. */
  readonly recoveredMillis: number | null
}

/** Runs tasks one after the other: decoding must not take the processor from those who still record. */
export type InTurn = <Result>(task: () => Promise<Result>) => Promise<Result>

export const takingTurns = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const turn = last.then(task, task)
    last = turn.catch(() => undefined)
    return turn
  }
}

const firstAfter = (
  transitions: ReadonlyArray<Transition>,
  state: string,
  sinceMillis: number | null,
): number | null => {
  if (sinceMillis === null) return null
  const found = transitions.find(({ to, atMillis }) => to === state && atMillis >= sinceMillis)
  return found === undefined ? null : found.atMillis - sinceMillis
}

/**
 * From the end of the fault to the next recording; a try that was under way when the fault ended, and still failed by
 * it, ends by a deadline of its own: then from the end of the last such try.
 */
const recoveredAfter = (
  transitions: ReadonlyArray<Transition>,
  mendedAtMillis: number | null,
): number | null => {
  const took = firstAfter(transitions, "recording", mendedAtMillis)
  if (took === null || mendedAtMillis === null) return took
  const recordedAtMillis = mendedAtMillis + took
  const failed = transitions.findLast(
    ({ to, atMillis }) => to === "backoff" && atMillis >= mendedAtMillis && atMillis < recordedAtMillis,
  )
  return recordedAtMillis - (failed?.atMillis ?? mendedAtMillis)
}

/** Plays a scenario with a camera of its own, then stops the camera and looks at all that it left. */
export const playScenario = async (
  scenario: FaultScenario,
  place: {
    readonly stage: Stage
    readonly simulator: Simulator
    readonly path: string
    readonly ownerId: number
    readonly inTurn: InTurn
  },
): Promise<Observation> => {
  const { stage, simulator, path, ownerId, inTurn } = place
  const camera = await simulator.addCamera({ ...scenario.camera, path })
  const scene = await FaultScene.open(
    stage,
    camera,
    {
      name: scenario.name,
      url: scenario.url?.(camera.url) ?? camera.url,
      transport: scenario.transport ?? "tcp",
    },
    ownerId,
  )
  await scenario.script(scene)
  const lastAlerts = (await scene.status()).alerts.map(({ kind }) => kind)
  await scene.stop()
  const recordings = await scene.recordings()
  const files = await inTurn(async () => {
    const examined: Array<RecordedFile> = []
    for (const { file_path } of recordings) {
      examined.push(await examineFile(join(stage.service.recordingDirectory, file_path)))
    }
    return examined
  })
  const { sessions } = await camera.counters()
  const { transitions } = scene
  return {
    stage,
    cameraId: scene.cameraId,
    transitions,
    coverage: await scene.coverage(),
    recordings,
    files,
    runs: recordedRuns(files, sessions),
    noted: scene.noted,
    lastAlerts,
    lag: scene.lag,
    detectedMillis: firstAfter(transitions, "backoff", scene.faultAtMillis),
    recoveredMillis: recoveredAfter(transitions, scene.mendedAtMillis),
  }
}
