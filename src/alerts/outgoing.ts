import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Delivery } from "../delivery/Delivery.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import type { StoredAlerts } from "../storage/Alerts.ts"
import { saved, sent } from "./AlertBook.ts"
import type { BookKeeper } from "./BookKeeper.ts"

/** Hands what was decided to the outbox; what that has not on disk is handed over again, under the same ids. */
export const sendDecided = Effect.fnUntraced(function* (keeper: BookKeeper, delivery: Delivery["Service"]) {
  const notifications = keeper.book().unsent
  const ids = new Set<string>()
  for (const notification of notifications) {
    if (yield* delivery.send(notification)) ids.add(notification.id)
  }
  if (ids.size === 0) return
  yield* keeper.change((book) => ({ book: sent(book, ids), changes: [] }))
})

/** Rows of one statement: after a long outage there may be thousands. */
const rowsAtOnce = 500

/** Writes to the database what it does not have yet. */
export const saveRows = Effect.fnUntraced(function* (keeper: BookKeeper, stored: StoredAlerts["Service"]) {
  for (;;) {
    const alerts = [...keeper.book().unsaved.values()].slice(0, rowsAtOnce)
    if (alerts.length === 0) return
    yield* stored.save(alerts)
    yield* keeper.change((book) => ({ book: saved(book, alerts), changes: [] }))
  }
})

const retryMillis = 5_000

/** The same for ever, as soon as there is something; the database being away is nobody's fault here. */
export const keepRowsSaved = (
  rows: Effect.Effect<void, DatabaseUnavailable>,
  pauseMillis: number,
): Effect.Effect<never> => {
  let lastDefect = ""
  const attempt = rows.pipe(
    Effect.as(pauseMillis),
    Effect.catchTag("DatabaseUnavailable", () => Effect.succeed(retryMillis)),
    Effect.catchDefect((defect) => {
      const text = Cause.pretty(Cause.die(defect))
      const isSaid = text === lastDefect
      lastDefect = text
      return Effect.as(isSaid ? Effect.void : Effect.logError(`alerts are not stored: ${text}`), retryMillis)
    }),
  )
  return Effect.forever(Effect.flatMap(attempt, (millis) => Effect.sleep(millis)))
}
