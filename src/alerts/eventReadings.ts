import type { VigiaEvent } from "../domain/VigiaEvent.ts"
import type { Reading } from "./readings.ts"

const evictionOver: Reading = {
  kind: "eviction",
  cameraId: null,
  level: "good",
  detail: "",
  sinceMillis: null,
  creditMillis: 0,
}

/** What an event says of the alerts that events tell of; of most it says nothing. */
export const readingsOfEvent = (event: VigiaEvent): ReadonlyArray<Reading> => {
  if (event.type === "recordings.evicted") {
    const why = event.reason === "disk" ? "the disk is full" : "a quota is reached"
    const detail = `recordings are deleted before their time, since ${why}: first of camera ${event.cameraId}`
    return [{ ...evictionOver, level: "bad", detail }]
  }
  if (event.type === "clip.deleted") {
    const deleted: Reading = {
      ...evictionOver,
      kind: "clip_deleted",
      cameraId: event.cameraId,
      level: "bad",
      detail: `the clip ${event.name} was deleted`,
    }
    return [deleted, { ...deleted, level: "good" }]
  }
  return []
}

/** Nothing was evicted since the report before: each report says so, and an eviction says the opposite. */
export const betweenEvents: ReadonlyArray<Reading> = [evictionOver]
