import * as Effect from "effect/Effect"
import { sizeOf } from "./catalogBatch.ts"
import type { CatalogStore } from "./CatalogStore.ts"
import type { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import type { PendingRowsFile } from "./PendingRowsFile.ts"
import { untilDatabaseAnswers } from "./untilDatabaseAnswers.ts"

/**
 * Makes a life of the service the writer of the catalog, with the rows that an earlier one could not write.
 *
 * Waits for the database without end. Rows that it does not take are logged, and those of others are written.
 */
export const takeOverCatalog = Effect.fnUntraced(function* (
  store: CatalogStore["Service"],
  file: PendingRowsFile,
  life: string,
): Effect.fn.Return<void, DatabaseUnavailable> {
  const left = yield* file.read
  const { leftRows, refused } = yield* untilDatabaseAnswers("The database")(store.takeOver(life, left))
  for (const { cameraId, reason } of refused) {
    yield* Effect.logError(`The database refuses rows that waited for it: ${reason}`).pipe(
      Effect.annotateLogs({ cameraId }),
    )
  }
  if (left === null) return
  if (leftRows === "foreign") {
    return yield* file.setAside("holds rows that do not belong to this state of the database")
  }
  yield* Effect.logInfo(
    leftRows === "written"
      ? `Stored ${sizeOf(left.rows)} rows that an earlier life kept while the database was away`
      : "The rows that an earlier life kept were stored already",
  )
  yield* file.remove.pipe(Effect.catch((fault) => Effect.logWarning(fault.message)))
})
