import type { Cause } from "../domain/Cause.ts"
import type { CameraFailures } from "../domain/Health.ts"
import type { SupervisionFact } from "../supervision/Supervision.ts"

const keptRecoveries = 10

interface Known extends CameraFailures {
  /** Since when the camera is out; null while it is not. */
  readonly outSinceMillis: number | null
  /** The arrival of the last fragment when the camera was no longer taken to record. */
  readonly lastFragmentMillis: number | null
}

const fresh: Known = {
  restarts: 0,
  byCause: {},
  recoverySeconds: [],
  outSinceMillis: null,
  lastFragmentMillis: null,
}

const failed = (known: Known, cause: Cause, atMillis: number): Known => ({
  ...known,
  restarts: known.restarts + 1,
  byCause: { ...known.byCause, [cause]: (known.byCause[cause] ?? 0) + 1 },
  // A stall is known only when it has lasted for a while.
  outSinceMillis:
    known.outSinceMillis ?? (cause === "stalled" ? (known.lastFragmentMillis ?? atMillis) : atMillis),
})

const recovered = (known: Known, atMillis: number): Known => ({
  ...known,
  outSinceMillis: null,
  recoverySeconds:
    known.outSinceMillis === null
      ? known.recoverySeconds
      : [...known.recoverySeconds, (atMillis - known.outSinceMillis) / 1000].slice(-keptRecoveries),
})

/**
 * Counts the failures of each camera and measures how long each took, by the facts of the machines.
 *
 * All times are monotonic. A camera that is stopped while it is out has not recovered: nothing is measured.
 */
export class CameraOutages {
  readonly #cameras = new Map<number, Known>()

  /** @param lastArrivalMillis of the newest fragment of the camera, as of this fact */
  noted(fact: SupervisionFact, lastArrivalMillis: number | null): void {
    if (fact.type !== "outage.began" && fact.type !== "camera.state_changed") return
    const known = this.#cameras.get(fact.cameraId) ?? fresh
    if (fact.type === "outage.began") {
      this.#cameras.set(fact.cameraId, failed(known, fact.cause, fact.atMillis))
      return
    }
    if (fact.to === "recording") {
      this.#cameras.set(fact.cameraId, recovered(known, lastArrivalMillis ?? fact.atMillis))
    } else if (fact.to === "stopped" || fact.to === "idle") {
      this.#cameras.set(fact.cameraId, { ...known, outSinceMillis: null })
    } else if (fact.from === "recording") {
      this.#cameras.set(fact.cameraId, { ...known, lastFragmentMillis: lastArrivalMillis })
    }
  }

  of(cameraId: number): CameraFailures {
    const { restarts, byCause, recoverySeconds } = this.#cameras.get(cameraId) ?? fresh
    return { restarts, byCause, recoverySeconds }
  }

  /** Only the cameras that there still are. */
  keepOnly(cameraIds: ReadonlySet<number>): void {
    for (const cameraId of this.#cameras.keys()) if (!cameraIds.has(cameraId)) this.#cameras.delete(cameraId)
  }
}
