import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { CatalogMemory } from "./CatalogMemory.ts"
import type { CatalogBatch, CatalogStore } from "./CatalogStore.ts"
import type { DatabaseUnavailable } from "./DatabaseUnavailable.ts"

/** How the catalog gets on with its database, from memory. */
export interface CatalogHealth {
  /** Whether the last write succeeded. */
  readonly isDatabaseAnswering: boolean
  readonly pendingRows: number
  readonly writtenAtMillis: number | null
}

export interface CatalogWriter {
  /** Something began or ended: write soon. */
  readonly hurry: Effect.Effect<void>
  /** The service's absence is accounted for: from now on its presence is noted. */
  readonly recovered: Effect.Effect<void>
  readonly flush: Effect.Effect<void, DatabaseUnavailable>
  readonly health: Effect.Effect<CatalogHealth>
}

/** Changes that come together are written together. */
const debounceMillis = 250
const firstRetryMillis = 1_000
const longestRetryMillis = 30_000
const lastFlushTimeout = "10 seconds"

const ofCamera = (batch: CatalogBatch, cameraId: number): CatalogBatch => {
  const isIts = (row: { readonly cameraId: number }): boolean => row.cameraId === cameraId
  return {
    recordings: batch.recordings.filter(isIts),
    gaps: batch.gaps.filter(isIts),
    periods: batch.periods.filter(isIts),
  }
}

const camerasOf = (batch: CatalogBatch): ReadonlySet<number> =>
  new Set([...batch.recordings, ...batch.gaps, ...batch.periods].map(({ cameraId }) => cameraId))

const sizeOf = (batch: CatalogBatch): number =>
  batch.recordings.length + batch.gaps.length + batch.periods.length

/** Brings the pending rows of a catalog to the database: in the background, on demand, and when the scope closes. */
export const makeCatalogWriter = Effect.fnUntraced(function* (
  store: CatalogStore["Service"],
  memory: CatalogMemory,
  flushIntervalMillis: number,
): Effect.fn.Return<CatalogWriter, never, Scope.Scope> {
  const signals = yield* Queue.sliding<void>(1)
  const oneAtATime = yield* Semaphore.make(1)
  let hasRecovered = false
  let hasTotals = true
  let isDatabaseAnswering = true
  let writtenAtMillis: number | null = null

  /** Rows of one camera that the database refuses must not keep back those of the others. */
  const writeApart = Effect.fnUntraced(function* (batch: CatalogBatch, seenAtMillis: number | null) {
    for (const cameraId of camerasOf(batch)) {
      const rows = ofCamera(batch, cameraId)
      yield* store.write(rows, seenAtMillis).pipe(
        Effect.catchTag("RowsRejected", (error) =>
          // Its files stay on disk, and the next start reports them again.
          Effect.logError(`The database refuses the rows of a camera: ${error.reason}`).pipe(
            Effect.annotateLogs({ cameraId }),
          ),
        ),
      )
      memory.pending.written(rows)
    }
  })

  const writeAll = Effect.gen(function* () {
    let isLast = false
    while (!isLast) {
      const nowMillis = yield* Clock.currentTimeMillis
      const seenAtMillis = hasRecovered ? nowMillis : null
      const batch = memory.pending.nextBatch()
      isLast = sizeOf(batch) === memory.pending.size
      if (!hasTotals) memory.markTotals()
      yield* store
        .write(batch, seenAtMillis)
        .pipe(Effect.catchTag("RowsRejected", () => writeApart(batch, seenAtMillis)))
      memory.pending.written(batch)
      writtenAtMillis = nowMillis
    }
    if (!hasTotals) {
      memory.resetTotals(yield* store.totals)
      hasTotals = true
    }
  })

  const flush = writeAll.pipe(
    Effect.tap(() => {
      if (isDatabaseAnswering) return Effect.void
      isDatabaseAnswering = true
      return Effect.logInfo("The database answers again: the catalog is up to date")
    }),
    Effect.tapError((error) => {
      if (!isDatabaseAnswering) return Effect.void
      isDatabaseAnswering = false
      return Effect.logWarning(`${error.message}: recording goes on, the catalog catches up later`)
    }),
    (write) => oneAtATime.withPermit(write),
  )

  const flushPatiently = (retryMillis: number): Effect.Effect<void> =>
    flush.pipe(
      Effect.catch(() =>
        Effect.andThen(
          Effect.sleep(retryMillis),
          flushPatiently(Math.min(retryMillis * 2, longestRetryMillis)),
        ),
      ),
    )

  const hurried = Effect.andThen(Queue.take(signals), Effect.sleep(debounceMillis))
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(flush, lastFlushTimeout)))
  yield* hurried.pipe(
    Effect.timeoutOrElse({ duration: flushIntervalMillis, orElse: () => Effect.void }),
    Effect.andThen(Queue.clear(signals)),
    Effect.andThen(flushPatiently(firstRetryMillis)),
    Effect.forever,
    Effect.forkScoped,
  )

  const hurry = Effect.asVoid(Queue.offer(signals, undefined))
  return {
    hurry,
    recovered: Effect.suspend(() => {
      hasRecovered = true
      hasTotals = false
      return hurry
    }),
    flush,
    health: Effect.sync(() => ({
      isDatabaseAnswering,
      pendingRows: memory.pending.size,
      writtenAtMillis,
    })),
  }
})
