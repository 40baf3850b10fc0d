import type { Alert } from "../domain/Alert.ts"
import { type AlertBook, type BookStep, end, standingIn } from "./AlertBook.ts"

const isSameSubject = (one: Alert, other: Alert): boolean =>
  one.kind === other.kind && one.cameraId === other.cameraId

/**
 * A book that was lost, with what stands by the rows of the database: somebody was told of it, for all that is known.
 *
 * What was raised again meanwhile stands on under its new id, and the older one ends without a word.
 *
 * @param rows the latest raised first
 */
export const withStandingRows = (
  book: AlertBook,
  rows: ReadonlyArray<Alert>,
  nowMillis: number,
): BookStep => {
  const unknown = rows.filter(({ id }) => !book.entries.has(id) && !book.unsaved.has(id))
  return unknown.reduce<BookStep>(
    ({ book: before, changes }, alert) => {
      if (standingIn(before).some((standing) => isSameSubject(standing, alert))) {
        const step = end(before, { alert, isTold: false }, nowMillis)
        return { book: step.book, changes: [...changes, ...step.changes] }
      }
      const entries = new Map([...before.entries, [alert.id, { alert, isTold: true }]])
      return { book: { ...before, entries }, changes }
    },
    { book: { ...book, isLost: false }, changes: [] },
  )
}
