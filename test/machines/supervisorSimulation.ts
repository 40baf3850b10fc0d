import { createActor, SimulatedClock } from "xstate"
import { cameraMachine, type CameraMachine } from "../../machines/camera.ts"
import type { CameraFact } from "../../machines/cameraContract.ts"
import { supervisorMachine } from "../../machines/supervisor.ts"
import type { SupervisorFact } from "../../machines/supervisorContract.ts"
import { advance, settingsFor, SimulatedRecorder } from "./simulation.ts"

export interface SupervisorSimulationOptions {
  readonly seed?: number
  /** A bug: thrown by the action `report` of a camera when it returns an error. */
  readonly bug?: (fact: CameraFact) => Error | null
}

/** A supervisor on a simulated clock, with one simulated recorder for all its cameras. */
export function simulateSupervisor({ seed = 1, bug = () => null }: SupervisorSimulationOptions = {}) {
  const clock = new SimulatedClock()
  const recorder = new SimulatedRecorder(clock)
  const facts: Array<SupervisorFact> = []
  const cameraFacts: Array<CameraFact> = []
  const camera: CameraMachine = cameraMachine.provide({
    actors: { recorder: recorder.logic },
    actions: {
      report: (_args, fact) => {
        cameraFacts.push(fact)
        const error = bug(fact)
        if (error !== null) throw error
      },
    },
  })
  const actor = createActor(
    supervisorMachine.provide({
      actors: { camera },
      actions: {
        report: (_args, fact) => {
          facts.push(fact)
        },
      },
    }),
    { clock, input: settingsFor(clock, seed) },
  )
  actor.start()
  const add = (...cameraIds: ReadonlyArray<number>) => {
    for (const cameraId of cameraIds) actor.send({ type: "camera.added", cameraId, enabled: true })
  }
  const snapshotOf = (cameraId: number) => actor.getSnapshot().children[`camera-${cameraId}`]?.getSnapshot()
  const runsOf = (cameraId: number) => recorder.runs.filter(({ input }) => input.cameraId === cameraId)
  const pass = (millis: number, stepMillis?: number) => advance(clock, millis, stepMillis)
  const ofType = <Type extends SupervisorFact["type"]>(type: Type) =>
    facts.filter((fact): fact is Extract<SupervisorFact, { type: Type }> => fact.type === type)
  return { actor, clock, recorder, facts, cameraFacts, add, snapshotOf, runsOf, pass, ofType }
}
