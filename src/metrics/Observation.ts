import type { DeliveryTotals } from "../delivery/Courier.ts"
import type { Alert, AlertKind, Severity } from "../domain/Alert.ts"
import type { HealthReport } from "../domain/Health.ts"
import type { VigiaEventType } from "../domain/VigiaEvent.ts"
import type { ProcessUse } from "./processUse.ts"
import type { RecordedCount } from "./RecordedCounts.ts"

/** Recordings that went before their time. */
export interface EvictedCount {
  readonly files: number
  readonly bytes: number
}

/** What the events of this life of the service add up to. */
export interface EventTotals {
  readonly events: ReadonlyMap<VigiaEventType, number>
  readonly raisedAlerts: ReadonlyMap<AlertKind, number>
  readonly evicted: ReadonlyMap<"disk" | "quota", EvictedCount>
}

/** What is stored of a camera, and whose it is. */
export interface CameraStock {
  readonly ownerId: number
  readonly bytes: number
  readonly recordings: number
}

/** Everything that one scrape tells, as of one instant. */
export interface Observation {
  readonly version: string
  readonly report: HealthReport
  readonly standingAlerts: ReadonlyArray<Alert>
  readonly severities: ReadonlyMap<AlertKind, Severity>
  readonly totals: EventTotals
  readonly notifications: DeliveryTotals
  readonly eventStreamClients: number
  /** By camera id; a camera that nothing is known of is absent. */
  readonly recorded: ReadonlyMap<number, RecordedCount>
  readonly stock: ReadonlyMap<number, CameraStock>
  readonly processUse: ProcessUse
}
