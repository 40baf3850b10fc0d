import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Cleanup } from "../cleanup/Cleanup.ts"
import type { StoredAlerts } from "../storage/Alerts.ts"
import { foreverDespiteDefects } from "./foreverDespiteDefects.ts"

/** For so long an alert that ended is kept. */
const keptMillis = 365 * 86_400_000
/** Of one statement. */
const batchRows = 1_000
const pauseMillis = 3_600_000

/** Deletes alerts that ended more than a year ago; none while the clock may be wrong (`Cleanup`). */
const forgetOnce = Effect.fnUntraced(function* (
  stored: StoredAlerts["Service"],
  cleanup: Pick<Cleanup["Service"], "state">,
) {
  if ((yield* cleanup.state).clockSteps.length > 0) return
  const beforeMillis = (yield* Clock.currentTimeMillis) - keptMillis
  while ((yield* stored.forget(beforeMillis, batchRows)) === batchRows);
})

/** The same every hour, for ever; the catalog says in the log that the database is away. */
export const forgetOld = (
  stored: StoredAlerts["Service"],
  cleanup: Pick<Cleanup["Service"], "state">,
): Effect.Effect<never> =>
  foreverDespiteDefects(
    "old alerts cannot be deleted",
    Effect.sleep(pauseMillis).pipe(
      Effect.andThen(forgetOnce(stored, cleanup)),
      Effect.catch(({ message }) => Effect.logDebug(`old alerts stay: ${message}`)),
    ),
  )
