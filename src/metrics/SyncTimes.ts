import type { DurabilityHealth } from "../storage/durability/Durability.ts"
import type { SyncHealth } from "../storage/durability/FileSync.ts"

type Syncs = Pick<SyncHealth, "completed" | "failed" | "isInFlight" | "recentMillis">

/** Tells of each sync once how long it took; to be asked more often than once a minute. */
export class SyncTimes {
  readonly #ended = { growing: 0, rows: 0 }

  /** Milliseconds of the syncs that ended since the last time. */
  ended(health: DurabilityHealth): ReadonlyArray<number> {
    return [...this.#since("growing", health.growing), ...this.#since("rows", health.rows)]
  }

  #since(which: keyof DurabilityHealth, { completed, failed, isInFlight, recentMillis }: Syncs) {
    const fresh = completed + failed - this.#ended[which]
    this.#ended[which] = completed + failed
    // The last one is that in flight, which has not ended.
    const ended = isInFlight ? recentMillis.slice(0, -1) : recentMillis
    return fresh > 0 ? ended.slice(-fresh) : []
  }
}
