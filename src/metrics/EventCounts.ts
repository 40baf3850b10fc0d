import { AlertKind } from "../domain/Alert.ts"
import { type VigiaEvent, type VigiaEventType, vigiaEventTypes } from "../domain/VigiaEvent.ts"
import type { EventTotals, EvictedCount } from "./Observation.ts"

const none: EvictedCount = { files: 0, bytes: 0 }

/** Counts the events of this life of the service. */
export class EventCounts implements EventTotals {
  /** Each is there with 0 before its first. */
  readonly events = new Map<VigiaEventType, number>(vigiaEventTypes.map((type) => [type, 0]))
  readonly raisedAlerts = new Map<AlertKind, number>(AlertKind.literals.map((kind) => [kind, 0]))
  readonly evicted = new Map<"disk" | "quota", EvictedCount>([
    ["disk", none],
    ["quota", none],
  ])

  noted(event: VigiaEvent): void {
    this.events.set(event.type, (this.events.get(event.type) ?? 0) + 1)
    if (event.type === "alert.raised") {
      const { kind } = event.alert
      this.raisedAlerts.set(kind, (this.raisedAlerts.get(kind) ?? 0) + 1)
    }
    if (event.type === "recordings.evicted") {
      const { files, bytes } = this.evicted.get(event.reason) ?? none
      this.evicted.set(event.reason, { files: files + event.files, bytes: bytes + event.sizeBytes })
    }
  }
}
