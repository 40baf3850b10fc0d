import type { VigiaEvent } from "../domain/VigiaEvent.ts"
import { type Reading, reading } from "./reading.ts"

const evictionOver = reading("eviction", "good", "")

/** What an event says of the alerts that events tell of; of most it says nothing. */
export const readingsOfEvent = (event: VigiaEvent): ReadonlyArray<Reading> => {
  if (event.type === "recordings.evicted") {
    const why = event.reason === "disk" ? "the disk is full" : "a quota is reached"
    const detail = `recordings are deleted before their time, since ${why}: first of camera ${event.cameraId}`
    return [{ ...evictionOver, level: "bad", detail }]
  }
  if (event.type === "clip.deleted") {
    const deleted = reading("clip_deleted", "bad", `the clip ${event.name} was deleted`, {
      cameraId: event.cameraId,
      alertId: event.clipId,
    })
    return [deleted, { ...deleted, level: "good" }]
  }
  return []
}

/** Nothing was evicted since the report before: each report says so, and an eviction says the opposite. */
export const betweenEvents: ReadonlyArray<Reading> = [evictionOver]
