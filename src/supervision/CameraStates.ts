import type { AlertKind, CameraFact, CameraStateName } from "../../machines/cameraContract.ts"
import type { SupervisorFact } from "../../machines/supervisorContract.ts"
import type { Cause } from "../domain/Cause.ts"

/** An alert that stands now. */
export interface CameraAlert {
  readonly kind: AlertKind
  readonly cause: Cause | null
  readonly detail: string
  readonly sinceMillis: number
}

/** What the machine of a camera last said, in wall time (Unix milliseconds). */
export interface CameraState {
  readonly state: CameraStateName
  readonly sinceMillis: number
  /** Why the last run ended; null while recording. */
  readonly cause: Cause | null
  readonly detail: string
  /** Failures since the service started. */
  readonly failures: number
  readonly nextTryAtMillis: number | null
  readonly alerts: ReadonlyArray<CameraAlert>
}

const created = (nowMillis: number): CameraState => ({
  state: "idle",
  sinceMillis: nowMillis,
  cause: null,
  detail: "",
  failures: 0,
  nextTryAtMillis: null,
  alerts: [],
})

/** What changes the state of a camera. */
type FactOfCamera =
  | CameraFact
  | Exclude<SupervisorFact, { readonly type: "camera.forgotten" | "shutdown.completed" }>

const after = (state: CameraState, fact: FactOfCamera, nowMillis: number): CameraState => {
  const otherAlerts = (kind: AlertKind) => state.alerts.filter((alert) => alert.kind !== kind)
  switch (fact.type) {
    case "camera.state_changed":
      return {
        ...state,
        state: fact.to,
        sinceMillis: nowMillis,
        cause: fact.cause,
        detail: fact.detail,
        nextTryAtMillis: fact.delayMillis === null ? null : nowMillis + fact.delayMillis,
      }
    case "outage.began":
      return {
        ...state,
        cause: fact.cause,
        detail: fact.detail,
        failures: state.failures + (fact.isFailure ? 1 : 0),
      }
    case "alert.raised": {
      const { kind, cause, detail } = fact
      return { ...state, alerts: [...otherAlerts(kind), { kind, cause, detail, sinceMillis: nowMillis }] }
    }
    case "alert.cleared":
      return { ...state, alerts: otherAlerts(fact.kind) }
    case "camera.crashed":
      // The actor that knew of them is gone: nobody would ever clear them. What is still true is raised anew.
      return { ...state, alerts: [] }
    case "camera.respawned":
    case "recorder.failed":
    case "audio_probe.failed":
      return state
  }
}

/** The latest state of every camera, from the facts of the machines; asked by status without touching them. */
export class CameraStates {
  readonly #states = new Map<number, CameraState>()

  noted(fact: CameraFact | SupervisorFact, nowMillis: number): void {
    if (fact.type === "shutdown.completed") return
    if (fact.type === "camera.forgotten") {
      this.#states.delete(fact.cameraId)
      return
    }
    const state = this.#states.get(fact.cameraId) ?? created(nowMillis)
    this.#states.set(fact.cameraId, after(state, fact, nowMillis))
  }

  get(cameraId: number, nowMillis: number): CameraState {
    return this.#states.get(cameraId) ?? created(nowMillis)
  }
}
