import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import type { HealthReport } from "../domain/Health.ts"
import type { EventJournal } from "../events/EventJournal.ts"
import type { AlertBook } from "./AlertBook.ts"
import type { BookKeeper } from "./BookKeeper.ts"
import { type EnabledSince, withStarts } from "./enabledSince.ts"
import { type Evaluation, type Tracks, evaluate, withoutCameras } from "./evaluate.ts"
import { betweenEvents, readingsOfEvent } from "./eventReadings.ts"
import type { Reading } from "./reading.ts"
import { readingsOf } from "./readings.ts"
import type { DiskMarks } from "./serviceReadings.ts"
import type { Instant } from "./stepTrack.ts"

const eventsAtOnce = 1_000

const idsOf = ({ cameras }: HealthReport): ReadonlyArray<number> => cameras.map(({ cameraId }) => cameraId)

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
  let enabledSince: EnabledSince = new Map()
  let camerasBefore: ReadonlyArray<number> | null = null

  /** A camera is gone when two reports in a row do not name it: one may have begun before the camera was added. */
  const judge = (
    book: AlertBook,
    now: Instant,
    report: HealthReport | null,
    events: ReadonlyArray<Reading>,
    starts: EnabledSince,
  ): Evaluation => {
    const measured = report === null ? [] : [...betweenEvents, ...readingsOf(report, marks, starts)]
    const judged = evaluate(book, tracks, [...measured, ...events], now, randomUUID)
    if (report === null || camerasBefore === null) return judged
    const known = new Set([...idsOf(report), ...camerasBefore])
    const rest = withoutCameras(judged.book, judged.tracks, known, now.wallMillis)
    return { ...rest, changes: [...judged.changes, ...rest.changes] }
  }

  return {
    look: Effect.fnUntraced(function* (report) {
      const { entries, lastId } = journal.read(lastEventId, eventsAtOnce)
      const events = entries.flatMap(({ event }) => readingsOfEvent(event))
      const starts = withStarts(enabledSince, entries)
      const judged = yield* keeper.change((book, now) => judge(book, now, report, events, starts))
      // Only now: what a bug kept from being judged is judged again.
      tracks = judged.tracks
      enabledSince = starts
      lastEventId = lastId
      if (report !== null) camerasBefore = idsOf(report)
    }),
  }
}
