import type { Cause } from "../domain/Cause.ts"

interface Outage {
  readonly cause: Cause
  readonly detail: string
}

interface OutageNotesPorts {
  readonly isRunning: (cameraId: number) => boolean
  readonly began: (cameraId: number, outage: Outage) => void
}

/**
 * Holds back an outage until the run that failed has ended.
 *
 * A stall is known before FFmpeg is gone, and FFmpeg still writes its last fragment when it is told to end:
 * only then is it known where the outage begins.
 */
export class OutageNotes {
  readonly #held = new Map<number, Outage>()
  readonly #ports: OutageNotesPorts

  constructor(ports: OutageNotesPorts) {
    this.#ports = ports
  }

  noted({ cameraId, cause, detail }: Outage & { readonly cameraId: number }): void {
    if (this.#ports.isRunning(cameraId)) this.#held.set(cameraId, { cause, detail })
    else this.#ports.began(cameraId, { cause, detail })
  }

  runEnded(cameraId: number): void {
    const outage = this.#held.get(cameraId)
    if (outage === undefined) return
    this.#held.delete(cameraId)
    this.#ports.began(cameraId, outage)
  }
}
