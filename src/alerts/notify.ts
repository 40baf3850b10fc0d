import type { Alert, AlertKind, Notification } from "../domain/Alert.ts"
import { isSilenced } from "../domain/Silence.ts"
import { type AlertBook, type BookEntry, isStanding, momentaryKinds } from "./AlertBook.ts"
import { type TellableChange, emptyGroup, isDue, regroup, told } from "./grouping.ts"
import type { Instant } from "./stepTrack.ts"

type ToTell = TellableChange & { readonly entry: BookEntry }

/** What somebody has to be told of an alert; null: nothing. */
const changeOf = (entry: BookEntry): ToTell | null => {
  const { alert, isTold } = entry
  const stands = isStanding(alert)
  const isToTell = stands ? !isTold : isTold || momentaryKinds.has(alert.kind)
  return isToTell
    ? {
        entry,
        key: `${alert.id} ${stands ? "raised" : "ended"}`,
        cameraId: alert.cameraId,
        isUrgent: stands && alert.severity === "critical",
      }
    : null
}

const byCamera = (one: ToTell, other: ToTell): number =>
  (one.cameraId ?? 0) - (other.cameraId ?? 0) ||
  one.entry.alert.raisedAtMillis - other.entry.alert.raisedAtMillis

/** What tells of an instant is told as it was raised: that it is over is no news. */
const toldAs = ({ alert }: BookEntry): Alert =>
  momentaryKinds.has(alert.kind) ? { ...alert, endedAtMillis: null } : alert

/** What happened at one instant and was silenced then is never told. */
const isForgotten = ({ alert }: BookEntry, isQuiet: boolean): boolean =>
  isQuiet && momentaryKinds.has(alert.kind)

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
    for (let first = 0; first < changes.length; first += mostAlerts) {
      due.push({
        id: newId(),
        kind,
        createdAtMillis: now.wallMillis,
        alerts: changes.slice(first, first + mostAlerts).map(({ entry }) => toldAs(entry)),
      })
    }
    for (const { entry } of changes) {
      if (isStanding(entry.alert)) entries.set(entry.alert.id, { ...entry, isTold: true })
      else entries.delete(entry.alert.id)
    }
  }
  // The same lists where nothing changed: the book is written to disk only when it has something new.
  const isChanged = due.length > 0 || entries.size !== book.entries.size
  return isChanged ? { ...book, entries, groups, unsent: [...book.unsent, ...due] } : { ...book, groups }
}
