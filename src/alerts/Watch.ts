import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import type { HealthReport } from "../domain/Health.ts"
import type { EventJournal } from "../events/EventJournal.ts"
import type { AlertBook } from "./AlertBook.ts"
import type { BookKeeper } from "./BookKeeper.ts"
import { type Evaluation, type Tracks, evaluate, withoutCameras } from "./evaluate.ts"
import { betweenEvents, readingsOfEvent } from "./eventReadings.ts"
import { type DiskMarks, readingsOf } from "./readings.ts"
import type { Instant } from "./stepTrack.ts"

const eventsAtOnce = 1_000

/** Looks at what was measured and at what happened since it looked last. */
export interface Watch {
  /** Without a report only events are judged, and what waits for its time. */
  readonly look: (report: HealthReport | null) => Effect.Effect<void>
}

export const makeWatch = (
  keeper: BookKeeper,
  journal: Pick<EventJournal["Service"], "read" | "lastId">,
  marks: DiskMarks,
): Watch => {
  let tracks: Tracks = new Map()
  let lastEventId = journal.lastId()
  let camerasBefore: ReadonlyArray<number> | null = null

  const happened = () => {
    const { entries, lastId } = journal.read(lastEventId, eventsAtOnce)
    lastEventId = lastId
    return entries.flatMap(({ event }) => readingsOfEvent(event))
  }

  /** A camera is gone when two reports in a row do not name it: one may have begun before the camera was added. */
  const judge = (book: AlertBook, now: Instant, report: HealthReport | null): Evaluation => {
    const measured = report === null ? [] : [...betweenEvents, ...readingsOf(report, marks)]
    const judged = evaluate(book, tracks, [...measured, ...happened()], now, randomUUID)
    if (report === null) return judged
    const cameras = report.cameras.map(({ cameraId }) => cameraId)
    const known = camerasBefore === null ? null : new Set([...cameras, ...camerasBefore])
    camerasBefore = cameras
    if (known === null) return judged
    const rest = withoutCameras(judged.book, judged.tracks, known, now.wallMillis)
    return { ...rest, changes: [...judged.changes, ...rest.changes] }
  }

  return {
    look: (report) =>
      Effect.asVoid(
        keeper.change((book, now) => {
          const judged = judge(book, now, report)
          tracks = judged.tracks
          return judged
        }),
      ),
  }
}
