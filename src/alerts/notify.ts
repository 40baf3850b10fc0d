import { type Alert, type AlertKind, momentaryKinds, type Notification } from "../domain/Alert.ts"
import { isSilenced } from "../domain/Silence.ts"
import { type AlertBook, type BookEntry, isStanding } from "./AlertBook.ts"
import { type TellableChange, emptyGroup, isDue, regroup, told } from "./grouping.ts"
import type { Instant } from "./stepTrack.ts"

type ToTell = TellableChange & { readonly entry: BookEntry }

/** What tells of an instant is told as raised first, though it is over: that it is follows. */
const isToldAsRaised = ({ alert, isTold }: BookEntry): boolean =>
  !isTold && (isStanding(alert) || momentaryKinds.has(alert.kind))

/** What somebody has to be told of an alert; null: nothing. */
const changeOf = (entry: BookEntry): ToTell | null => {
  const { alert, isTold } = entry
  const stands = isStanding(alert)
  const isRaised = isToldAsRaised(entry)
  return isRaised || (!stands && isTold)
    ? {
        entry,
        key: `${alert.id} ${isRaised ? "raised" : "ended"}`,
        cameraId: alert.cameraId,
        isUrgent: stands && alert.severity === "critical",
      }
    : null
}

const byCamera = (one: ToTell, other: ToTell): number =>
  (one.cameraId ?? 0) - (other.cameraId ?? 0) ||
  one.entry.alert.raisedAtMillis - other.entry.alert.raisedAtMillis

const toldAs = (entry: BookEntry): Alert =>
  isToldAsRaised(entry) ? { ...entry.alert, endedAtMillis: null } : entry.alert

/** What happened at one instant and was silenced then is never told. */
const isForgotten = ({ alert, isTold }: BookEntry, isQuiet: boolean): boolean =>
  isQuiet && !isTold && momentaryKinds.has(alert.kind)

/** Whether, for all that was said, an alert of the kind goes on. */
const isKnownToStand = (entries: ReadonlyMap<string, BookEntry>, kind: AlertKind): boolean =>
  [...entries.values()].some(
    ({ alert, isTold }) => alert.kind === kind && isTold && (isStanding(alert) || momentaryKinds.has(kind)),
  )

/** Of one notification: receivers bound the size of what they take. */
const mostAlerts = 100

/**
 * Decides which notifications are due and notes them as unsent, in the same step that takes what they say as told.
 *
 * A silenced alert waits until its silence is over, and is told then if there is still something to tell.
 */
export const notify = (book: AlertBook, now: Instant, newId: () => string): AlertBook => {
  const entries = new Map(book.entries)
  const waiting = new Map<AlertKind, Array<ToTell>>()
  for (const entry of book.entries.values()) {
    const change = changeOf(entry)
    if (change === null) continue
    const isQuiet = isSilenced(entry.alert, book.silences, now.wallMillis)
    if (isForgotten(entry, isQuiet)) entries.delete(entry.alert.id)
    if (!isQuiet) waiting.set(entry.alert.kind, [...(waiting.get(entry.alert.kind) ?? []), change])
  }
  const groups = new Map(book.groups)
  const due: Array<Notification> = []
  for (const kind of new Set([...book.groups.keys(), ...waiting.keys()])) {
    const changes = (waiting.get(kind) ?? []).toSorted(byCamera)
    const group = regroup(groups.get(kind) ?? emptyGroup, changes, now.steadyMillis)
    groups.set(kind, group)
    if (!isDue(group, changes, now.steadyMillis)) continue
    groups.set(kind, told(group, changes, now.steadyMillis))
    for (const { entry } of changes) {
      if (isToldAsRaised(entry)) entries.set(entry.alert.id, { ...entry, isTold: true })
      else entries.delete(entry.alert.id)
    }
    const stands = isKnownToStand(entries, kind)
    for (let first = 0; first < changes.length; first += mostAlerts) {
      due.push({
        id: newId(),
        kind,
        createdAtMillis: now.wallMillis,
        alerts: changes.slice(first, first + mostAlerts).map(({ entry }) => toldAs(entry)),
        isStanding: stands,
      })
    }
  }
  // The same lists where nothing changed: the book is written to disk only when it has something new.
  const isChanged = due.length > 0 || entries.size !== book.entries.size
  return isChanged ? { ...book, entries, groups, unsent: [...book.unsent, ...due] } : { ...book, groups }
}
