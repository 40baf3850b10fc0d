import type { CameraFailures } from "../domain/Health.ts"
import type { KnownOutage } from "../storage/accounting/knownOutages.ts"
import type { SupervisionFact } from "../supervision/Supervision.ts"
import { firstTrail, lookAtOutages, type OutageTrail } from "./recoveries.ts"

const keptRecoveries = 10

interface Known extends CameraFailures {
  readonly trail?: OutageTrail
}

const fresh: Known = { total: 0, byCause: {}, recoveries: 0, recoverySeconds: [] }

/** Counts the failures of each camera by the facts of its machine, and measures how long each outage took. */
export class CameraOutages {
  readonly #startedAtMillis: number
  readonly #cameras = new Map<number, Known>()

  /** @param startedAtMillis of this life of the service: nothing before it counts */
  constructor(startedAtMillis: number) {
    this.#startedAtMillis = startedAtMillis
  }

  noted(fact: SupervisionFact): void {
    if (fact.type !== "outage.began" || !fact.isFailure) return
    const { cameraId, cause } = fact
    const known = this.#cameras.get(cameraId) ?? fresh
    this.#cameras.set(cameraId, {
      ...known,
      total: known.total + 1,
      byCause: { ...known.byCause, [cause]: (known.byCause[cause] ?? 0) + 1 },
    })
  }

  /** @param outages the last of the camera, as the catalog places them now */
  looked(cameraId: number, outages: ReadonlyArray<KnownOutage>): void {
    const known = this.#cameras.get(cameraId) ?? fresh
    const { trail, recoverySeconds } = lookAtOutages(
      known.trail ?? firstTrail(outages, this.#startedAtMillis),
      outages,
    )
    this.#cameras.set(cameraId, {
      ...known,
      trail,
      recoveries: known.recoveries + recoverySeconds.length,
      recoverySeconds: [...known.recoverySeconds, ...recoverySeconds].slice(-keptRecoveries),
    })
  }

  of(cameraId: number): CameraFailures {
    const { total, byCause, recoveries, recoverySeconds } = this.#cameras.get(cameraId) ?? fresh
    return { total, byCause, recoveries, recoverySeconds }
  }

  /** Only the cameras that there still are. */
  keepOnly(cameraIds: ReadonlySet<number>): void {
    for (const cameraId of this.#cameras.keys()) if (!cameraIds.has(cameraId)) this.#cameras.delete(cameraId)
  }
}
