import { type Alert, type AlertKind, momentaryKinds, type Notification } from "../domain/Alert.ts"
import type { Silence } from "../domain/Silence.ts"
import type { Group } from "./grouping.ts"
import { redact } from "../logging/redact.ts"
import { alertRules } from "./rules.ts"

export interface BookEntry {
  readonly alert: Alert
  /** Whether a notification said that it was raised. */
  readonly isTold: boolean
}

/** What is known of alerts; the state file holds all of it. */
export interface AlertBook {
  /** What stands, and what ended and somebody still has to be told of; by the id of the alert. */
  readonly entries: ReadonlyMap<string, BookEntry>
  /** What the database does not have yet; by the id of the alert. */
  readonly unsaved: ReadonlyMap<string, Alert>
  /** What was said, and when, of each kind. */
  readonly groups: ReadonlyMap<AlertKind, Group>
  /** Decided, and not yet known to be in the outbox. */
  readonly unsent: ReadonlyArray<Notification>
  readonly silences: ReadonlyArray<Silence>
  /** Whether the book of an earlier life is missing: what stood in it is still to be taken from the database. */
  readonly isLost: boolean
}

export const emptyBook: AlertBook = {
  entries: new Map(),
  unsaved: new Map(),
  groups: new Map(),
  unsent: [],
  silences: [],
  isLost: false,
}

export const lostBook: AlertBook = { ...emptyBook, isLost: true }

/** What became of an alert, for the log and for those who follow events. */
export interface AlertChange {
  readonly type: "alert.raised" | "alert.ended" | "alert.acknowledged"
  readonly alert: Alert
}

export interface BookStep {
  readonly book: AlertBook
  readonly changes: ReadonlyArray<AlertChange>
}

/** While the database is away for long, the oldest go first. */
const mostUnsaved = 10_000

export const isStanding = ({ endedAtMillis }: Alert): boolean => endedAtMillis === null

export const standingIn = (book: AlertBook): ReadonlyArray<Alert> =>
  [...book.entries.values()].map(({ alert }) => alert).filter(isStanding)

const withAlert = (book: AlertBook, alert: Alert, entry: BookEntry | null): AlertBook => {
  const entries = new Map(book.entries)
  if (entry === null) entries.delete(alert.id)
  else entries.set(alert.id, entry)
  const unsaved = new Map(book.unsaved)
  unsaved.delete(alert.id)
  unsaved.set(alert.id, alert)
  const [oldest] = unsaved.keys()
  if (unsaved.size > mostUnsaved && oldest !== undefined) unsaved.delete(oldest)
  return { ...book, entries, unsaved }
}

export interface NewAlert {
  readonly id: string
  readonly kind: AlertKind
  readonly cameraId: number | null
  readonly detail: string
  readonly sinceMillis: number
}

/** What a camera or FFmpeg says becomes one line, which every receiver and the database can hold. */
const oneLine = (text: string): string =>
  redact(text)
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, 1000)

export const raise = (book: AlertBook, found: NewAlert, nowMillis: number): BookStep => {
  const alert: Alert = {
    ...found,
    detail: oneLine(found.detail),
    severity: alertRules[found.kind].severity,
    // A measured beginning may lie ahead of a clock that was set back.
    sinceMillis: Math.min(found.sinceMillis, nowMillis),
    raisedAtMillis: nowMillis,
    endedAtMillis: null,
    acknowledgedAtMillis: null,
    acknowledgedBy: null,
    note: null,
  }
  return {
    book: withAlert(book, alert, { alert, isTold: false }),
    changes: [{ type: "alert.raised", alert }],
  }
}

/** What ended before anybody was told of it is not told at all, unless it tells of an instant. */
export const end = (book: AlertBook, { alert, isTold }: BookEntry, nowMillis: number): BookStep => {
  const ended: Alert = { ...alert, endedAtMillis: Math.max(nowMillis, alert.raisedAtMillis) }
  const isToTell = isTold || momentaryKinds.has(alert.kind)
  return {
    book: withAlert(book, ended, isToTell ? { alert: ended, isTold } : null),
    changes: [{ type: "alert.ended", alert: ended }],
  }
}

/** The first acknowledgement stays. */
export const acknowledged = (
  alert: Alert,
  by: string | null,
  note: string | null,
  nowMillis: number,
): Alert =>
  alert.acknowledgedAtMillis === null
    ? { ...alert, acknowledgedAtMillis: nowMillis, acknowledgedBy: by, note }
    : alert

/** Acknowledges what the book knows; null where it knows no such alert. */
export const acknowledge = (
  book: AlertBook,
  id: string,
  by: string | null,
  note: string | null,
  nowMillis: number,
): (BookStep & { readonly alert: Alert }) | null => {
  const entry = book.entries.get(id)
  const known = entry?.alert ?? book.unsaved.get(id)
  if (known === undefined) return null
  const alert = acknowledged(known, by, note, nowMillis)
  if (alert === known) return { book, changes: [], alert }
  return {
    book: withAlert(book, alert, entry === undefined ? null : { ...entry, alert }),
    changes: [{ type: "alert.acknowledged", alert }],
    alert,
  }
}

/** Takes note that these notifications are in the outbox. */
export const sent = (book: AlertBook, ids: ReadonlySet<string>): AlertBook => ({
  ...book,
  unsent: book.unsent.filter(({ id }) => !ids.has(id)),
})

/** Everything that stands is to be written again: the database may be another one. */
export const withStandingUnsaved = (book: AlertBook): AlertBook => ({
  ...book,
  unsaved: new Map([...book.unsaved, ...standingIn(book).map((alert) => [alert.id, alert] as const)]),
})

/** Whether both say the same to another life, but for what is only waited for. */
export const isSameBook = (one: AlertBook, other: AlertBook): boolean =>
  one.entries === other.entries &&
  one.unsaved === other.unsaved &&
  one.unsent === other.unsent &&
  one.silences === other.silences &&
  one.isLost === other.isLost

/** Takes note that the database has these, unless they changed since. */
export const saved = (book: AlertBook, alerts: ReadonlyArray<Alert>): AlertBook => {
  const unsaved = new Map(book.unsaved)
  for (const alert of alerts) if (unsaved.get(alert.id) === alert) unsaved.delete(alert.id)
  return { ...book, unsaved }
}
