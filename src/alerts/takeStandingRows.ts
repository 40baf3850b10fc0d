import * as Effect from "effect/Effect"
import type { StoredAlerts } from "../storage/Alerts.ts"
import type { BookKeeper } from "./BookKeeper.ts"
import { withStandingRows } from "./withStandingRows.ts"

/** Where the book was lost, takes what stands from the database, once. */
export const takeStandingRows = Effect.fnUntraced(function* (
  keeper: BookKeeper,
  stored: StoredAlerts["Service"],
) {
  if (!keeper.book().isLost) return
  const rows = yield* stored.standing
  yield* keeper.change((book, { wallMillis }) =>
    book.isLost ? withStandingRows(book, rows, wallMillis) : { book, changes: [] },
  )
  if (rows.length > 0) {
    yield* Effect.logWarning(`${rows.length} standing alerts are known by the database alone: they stand on`)
  }
})
