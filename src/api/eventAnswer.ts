import { alertFields } from "../domain/alertFields.ts"
import { type VigiaEvent, vigiaEventTypes } from "../domain/VigiaEvent.ts"
import type { JournalEntry } from "../events/EventRing.ts"
import { instant, seconds } from "./answers.ts"
import { sampledType } from "./healthSamples.ts"
import { jsonLine } from "./jsonLine.ts"

/** What `types=` may name: the events of the journal, and the samples, which are in no journal. */
export const eventTypes: ReadonlyArray<string> = [...vigiaEventTypes, sampledType]

export const isEventType = (text: string): boolean => eventTypes.includes(text)

/** The camera that an event is about; null where it is about the service. */
export const cameraOf = (event: VigiaEvent): number | null =>
  "alert" in event ? event.alert.cameraId : event.cameraId

const factsOf = (event: VigiaEvent): Readonly<Record<string, unknown>> => {
  switch (event.type) {
    case "camera.state_changed":
      return {
        from: event.from,
        to: event.to,
        cause: event.cause,
        detail: event.detail,
        lasted_seconds: seconds(event.lastedMillis),
      }
    case "segment.opened":
    case "segment.closed":
      return {
        file_path: event.filePath,
        start_time: instant(event.startMillis),
        end_time: instant(event.endMillis),
        file_size: event.sizeBytes,
      }
    case "gap.began":
      return { cause: event.cause, from: instant(event.startMillis) }
    case "gap.ended":
      return { cause: event.cause, from: instant(event.startMillis), to: instant(event.endMillis) }
    case "alert.raised":
    case "alert.ended":
    case "alert.acknowledged":
      return { alert: alertFields(event.alert) }
    case "recordings.evicted":
      return {
        reason: event.reason,
        owner_id: event.ownerId,
        files: event.files,
        bytes: event.sizeBytes,
        from: instant(event.fromMillis),
        to: instant(event.toMillis),
      }
    case "clip.ready":
    case "clip.failed":
    case "clip.deleted":
      return { clip_id: event.clipId, name: event.name }
  }
}

/** An event as JSON of one line. */
export const eventAnswer = ({ atMillis, event }: JournalEntry): string =>
  jsonLine({ type: event.type, at: instant(atMillis), camera_id: cameraOf(event), ...factsOf(event) })
