import { adoptionLines } from "../service/adoptionLines.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { Trial } from "./Trial.ts"

/** How a life of the service ends, and whether the next is of another version. */
export type RestartKind = "kill" | "handover" | "upgrade"

/** One life of the service ended and the next begun, the recorders untouched by the measure. */
export interface Restart {
  readonly kind: RestartKind
  /** From the signal to the end of the process. */
  readonly endSeconds: number
  readonly exitCode: number | null
  readonly downSeconds: number
  /** From the start of the process until every camera is in `recording`. */
  readonly adoptionSeconds: number
  /** Cameras that have another process, or none, or more than one. */
  readonly changedRuns: number
  /** Runs of which the service did not say that it adopted them. */
  readonly unsaid: number
}

export interface RestartPlan {
  readonly kind: RestartKind
  readonly downSeconds: number
  /** Of the next life. */
  readonly program: string | undefined
}

const pause = (seconds: number): Promise<void> => new Promise((passed) => setTimeout(passed, seconds * 1000))

/** Which processes record a camera, told apart from later ones with the same pid. */
const runsOf = (trial: Trial, cameraId: number): string =>
  trial.service
    .runs()
    .filter((run) => run.cameraId === cameraId)
    .map(({ pid, processStartTicks, runId }) => `${pid} ${processStartTicks} ${runId}`)
    .join(", ")

/** Ends the service, waits, starts it and waits until all cameras record. */
export const restartService = async (
  trial: Trial,
  cameraIds: ReadonlyArray<number>,
  { kind, downSeconds, program }: RestartPlan,
): Promise<Restart> => {
  const before = cameraIds.map((id) => runsOf(trial, id))
  const askedAtMillis = performance.now()
  const exitCode = await trial.service.end(kind === "kill" ? "SIGKILL" : "SIGUSR2")
  const endSeconds = (performance.now() - askedAtMillis) / 1000
  await pause(downSeconds)
  const startedAtMillis = performance.now()
  await trial.service.start(program === undefined ? {} : { program })
  if (!trial.service.alive) throw new Error(`the service does not start: ${trial.service.log.slice(-2000)}`)
  await awaitFact("all cameras record", async () => {
    const states = await Promise.all(cameraIds.map((id) => trial.state(id)))
    return states.every(({ state }) => state === "recording")
  })
  const adoptionSeconds = (performance.now() - startedAtMillis) / 1000
  const said = adoptionLines(trial.service.log)
  const runs = trial.service.runs()
  return {
    kind,
    endSeconds,
    exitCode,
    downSeconds,
    adoptionSeconds,
    changedRuns: cameraIds.filter((id, at) => runsOf(trial, id) !== before[at]).length,
    unsaid: runs.filter(
      (run) =>
        !said.some(
          ({ cameraId, pid, runId }) => cameraId === run.cameraId && pid === run.pid && runId === run.runId,
        ),
    ).length,
  }
}
