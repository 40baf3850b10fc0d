import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PendingRows } from "./accounting/PendingRows.ts"
import type { WriteNote } from "./catalogWrites.ts"
import type { PendingRowsFile } from "./PendingRowsFile.ts"

export interface RowsKeeper {
  /** Keeps the pending rows on disk as they are now; where that is not urgent, only when it is time again. */
  readonly keep: (note: Effect.Effect<WriteNote>, isUrgent: boolean) => Effect.Effect<void>
  /** Nothing has to be kept any more. */
  readonly forget: Effect.Effect<void>
}

/** Between two versions of the file; more rows take longer to write. */
const restMillis = 2_000
const restMillisPerRow = 1
/** The file also tells that the service was there: a version is at most this old. */
const longestRestMillis = 10_000

/** Decides when the rows that wait for the database are written to disk. A fault of the disk is logged once. */
export const makeRowsKeeper = (file: PendingRowsFile, pending: PendingRows): RowsKeeper => {
  let isKept = false
  let isFaulty = false
  let keptAtMillis = -Infinity
  let keptChanges = -1

  const isTime = (nowMillis: number): boolean => {
    const rest = restMillis + restMillisPerRow * pending.size
    const passed = nowMillis - keptAtMillis
    return passed >= (pending.changes === keptChanges ? Math.max(rest, longestRestMillis) : rest)
  }

  return {
    keep: Effect.fnUntraced(function* (note, isUrgent) {
      const nowMillis = yield* Clock.currentTimeMillis
      if (!isUrgent && !isTime(nowMillis)) return
      keptAtMillis = nowMillis
      keptChanges = pending.changes
      isKept = true
      yield* file.save({ ...(yield* note), rows: pending.of() }).pipe(
        Effect.andThen(
          Effect.sync(() => {
            isFaulty = false
          }),
        ),
        Effect.catch((fault) => {
          if (isFaulty) return Effect.void
          isFaulty = true
          return Effect.logError(`${fault.message}: a crash would lose rows that wait for the database`)
        }),
      )
    }),
    forget: Effect.suspend(() => {
      if (!isKept) return Effect.void
      return file.remove.pipe(
        Effect.andThen(
          Effect.sync(() => {
            isKept = false
            keptAtMillis = -Infinity
          }),
        ),
        // What it holds is older than what the database holds by now: no later life will write it.
        Effect.catch((fault) => Effect.logWarning(fault.message)),
      )
    }),
  }
}
