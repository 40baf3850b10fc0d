import type { AlertBook, AlertChange, BookEntry, BookStep } from "./AlertBook.ts"
import { end, isStanding, raise } from "./AlertBook.ts"
import type { Reading } from "./reading.ts"
import { alertRules, endUnmeasured, longestUnmeasuredMillis } from "./rules.ts"
import { type Instant, type Track, stepTrack } from "./stepTrack.ts"

/** One track for each alert that something was read of. */
export type Tracks = ReadonlyMap<string, Track>

export interface Evaluation extends BookStep {
  readonly tracks: Tracks
}

const subjectOf = ({ kind, cameraId }: Pick<Reading, "kind" | "cameraId">): string =>
  `${kind} ${cameraId ?? ""}`

const standingBySubject = (book: AlertBook): Map<string, BookEntry> =>
  new Map(
    [...book.entries.values()]
      .filter(({ alert }) => isStanding(alert))
      .map((entry) => [subjectOf(entry.alert), entry]),
  )

const unmeasured = ({ alert, isTold }: BookEntry): BookEntry => ({
  alert: { ...alert, detail: `${alert.detail} (not measured any more)` },
  isTold,
})

/** Raises and ends what the readings say. */
export const evaluate = (
  book: AlertBook,
  tracks: Tracks,
  readings: ReadonlyArray<Reading>,
  now: Instant,
  newId: () => string,
): Evaluation => {
  const standing = standingBySubject(book)
  const stepped = new Map(tracks)
  const changes: Array<AlertChange> = []
  let after = book
  const take = (step: BookStep): void => {
    after = step.book
    changes.push(...step.changes)
  }
  for (const reading of readings) {
    const subject = subjectOf(reading)
    const entry = standing.get(subject)
    const { track, verdict } = stepTrack(
      alertRules[reading.kind],
      stepped.get(subject),
      { ...now, level: reading.level, creditMillis: reading.creditMillis },
      entry !== undefined,
    )
    stepped.set(subject, track)
    if (verdict === "end" && entry !== undefined) {
      take(end(after, entry, now.wallMillis))
      standing.delete(subject)
    }
    if (
      entry !== undefined &&
      endUnmeasured.has(reading.kind) &&
      track.unmeasuredMillis >= longestUnmeasuredMillis
    ) {
      take(end(after, unmeasured(entry), now.wallMillis))
      standing.delete(subject)
    }
    if (verdict === "raise") {
      const { kind, cameraId, detail } = reading
      const sinceMillis = reading.sinceMillis ?? track.badSinceMillis ?? now.wallMillis
      const id = reading.alertId ?? newId()
      take(raise(after, { id, kind, cameraId, detail, sinceMillis }, now.wallMillis))
      const raised = after.entries.get(id)
      if (raised !== undefined) standing.set(subject, raised)
    }
  }
  return { book: after, tracks: stepped, changes }
}

/** Ends what stands of cameras that are there no more, and forgets what was read of them. */
export const withoutCameras = (
  book: AlertBook,
  tracks: Tracks,
  known: ReadonlySet<number>,
  nowMillis: number,
): Evaluation => {
  const isGone = (cameraId: number | null) => cameraId !== null && !known.has(cameraId)
  const gone = [...book.entries.values()].filter(({ alert }) => isStanding(alert) && isGone(alert.cameraId))
  const steps = gone.reduce<BookStep>(
    ({ book: before, changes }, entry) => {
      const step = end(before, entry, nowMillis)
      return { book: step.book, changes: [...changes, ...step.changes] }
    },
    { book, changes: [] },
  )
  const cameraOf = (subject: string): number | null => {
    const id = subject.split(" ")[1] ?? ""
    return id === "" ? null : Number(id)
  }
  return { ...steps, tracks: new Map([...tracks].filter(([subject]) => !isGone(cameraOf(subject)))) }
}
