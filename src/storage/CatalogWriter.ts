import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { CatalogMemory } from "./CatalogMemory.ts"
import { type CatalogBatch, sizeOf } from "./catalogBatch.ts"
import type { CatalogStore } from "./CatalogStore.ts"
import type { WriteNote } from "./catalogWrites.ts"
import type { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import type { PendingRowsFile } from "./PendingRowsFile.ts"
import { makeRowsKeeper } from "./rowsKeeper.ts"

/** How the catalog gets on with its database, from memory. */
export interface CatalogHealth {
  /** Whether the last write succeeded. */
  readonly isDatabaseAnswering: boolean
  readonly pendingRows: number
  /** Since the start, because too many waited: those of files are found again by a repair, the others are lost. */
  readonly droppedRows: number
  readonly writtenAtMillis: number | null
}

export interface CatalogWriter {
  /** Something began or ended: write soon. */
  readonly hurry: Effect.Effect<void>
  /** Others changed rows: the sums are taken from the database again. */
  readonly recount: Effect.Effect<void>
  /** The service's absence is accounted for: from now on its presence is noted. */
  readonly recovered: Effect.Effect<void>
  readonly flush: Effect.Effect<void, DatabaseUnavailable>
  readonly health: Effect.Effect<CatalogHealth>
}

/** What a writer works with. */
export interface CatalogWriterOptions {
  readonly store: CatalogStore["Service"]
  readonly memory: CatalogMemory
  /** Where rows are kept that cannot be written now. */
  readonly file: PendingRowsFile
  /** A UUID of this life of the service. */
  readonly life: string
  /** How old a row may be while a segment grows. */
  readonly flushIntervalMillis: number
  /** Asked before each commit what of a batch may be committed now; the other rows stay pending. */
  readonly committable: (batch: CatalogBatch) => Effect.Effect<CatalogBatch>
}

/** Changes that come together are written together. */
const debounceMillis = 250
/** A refused connection costs nothing, and rows should follow soon when the database is back. */
const retryMillis = 1_000
/** Between two tries of the last flush while the disk holds rows back. */
const heldBackMillis = 50
const lastFlushTimeout = "4 seconds"
const dropReportMillis = 60_000

/**
 * Brings the pending rows of a catalog to the database: in the background, on demand, and when the scope closes.
 *
 * All of them in one transaction, however many: a reader, and a crash, find the state of one instant. Rows that
 * cannot be written are kept on disk until they are.
 */
export const makeCatalogWriter = Effect.fnUntraced(function* (
  options: CatalogWriterOptions,
): Effect.fn.Return<CatalogWriter, never, Scope.Scope> {
  const { store, memory, life, flushIntervalMillis, committable } = options
  const { pending } = memory
  const signals = yield* Queue.sliding<void>(1)
  const oneAtATime = yield* Semaphore.make(1)
  const keeper = makeRowsKeeper(options.file, pending)
  let stateNumber = 0
  let hasRecovered = false
  let hasTotals = true
  let isDatabaseAnswering = true
  let writtenAtMillis: number | null = null
  let reportedDropped = 0
  let dropsReportedAtMillis = -Infinity

  /** Names the state of the memory at this instant: whoever takes rows takes them with it. */
  const note = Effect.map(Clock.currentTimeMillis, (nowMillis): WriteNote => {
    stateNumber += 1
    return { life, stateNumber, seenAtMillis: hasRecovered ? nowMillis : null }
  })

  const writeApart = Effect.fnUntraced(function* (batch: CatalogBatch, written: WriteNote) {
    for (const { cameraId, reason } of yield* store.writeApart(batch, written)) {
      // Its files stay on disk, and the next start reports them again.
      yield* Effect.logError(`The database refuses the rows of a camera: ${reason}`).pipe(
        Effect.annotateLogs({ cameraId }),
      )
    }
  })

  const recount = Effect.suspend(() => {
    // Set first: who wants a recount meanwhile gets another.
    hasTotals = true
    return store.totals.pipe(
      Effect.tapError(() =>
        Effect.sync(() => {
          hasTotals = false
        }),
      ),
      Effect.map((totals) => memory.resetTotals(totals)),
    )
  })

  const writeAll = Effect.gen(function* () {
    // Asked before files are synced for a commit that cannot be.
    if (!isDatabaseAnswering) yield* store.ping
    const state = yield* note
    const rows = pending.of()
    const isCounting = !hasTotals
    if (isCounting) memory.markTotals()
    const batch = yield* committable(rows)
    yield* store.write(batch, state).pipe(Effect.catchTag("RowsRejected", () => writeApart(batch, state)))
    pending.written(batch)
    writtenAtMillis = yield* Clock.currentTimeMillis
    const isHeldBack = sizeOf(batch) < sizeOf(rows)
    if (isCounting && !isHeldBack) yield* recount
  })

  const reportDropped = Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    if (pending.dropped === reportedDropped || nowMillis - dropsReportedAtMillis < dropReportMillis) return
    reportedDropped = pending.dropped
    dropsReportedAtMillis = nowMillis
    yield* Effect.logError(
      `The database has been away for too long: ${pending.dropped} of the oldest rows were dropped`,
    )
  })

  const answered = Effect.gen(function* () {
    if (!isDatabaseAnswering) {
      isDatabaseAnswering = true
      yield* Effect.logInfo("The database answers again: the catalog is up to date")
    }
    yield* keeper.forget
  })

  const unanswered = Effect.fnUntraced(function* (message: string, isUrgent: boolean) {
    if (isDatabaseAnswering) {
      isDatabaseAnswering = false
      yield* Effect.logWarning(`${message}: recording goes on, the catalog catches up later`)
    }
    yield* reportDropped
    yield* keeper.keep(note, isUrgent)
  })

  /** @param isUrgent whether the rows are kept on disk at once where they cannot be written */
  const flush = (isUrgent: boolean): Effect.Effect<void, DatabaseUnavailable> =>
    writeAll.pipe(
      Effect.tapError((error) => unanswered(error.message, isUrgent)),
      Effect.andThen(answered),
      (written) => oneAtATime.withPermit(written),
    )

  const flushPatiently: Effect.Effect<void> = flush(false).pipe(
    // A bug in one write must not end all writing.
    Effect.catchDefect((defect) =>
      Effect.andThen(Effect.logError("The catalog was not written", defect), Effect.fail(defect)),
    ),
    Effect.catch(() =>
      Effect.andThen(
        Effect.sleep(retryMillis),
        Effect.suspend(() => flushPatiently),
      ),
    ),
  )

  let isHeldBack = false
  /** What the disk holds back it may give in a moment: a sync is under way that an earlier flush began, or takes long. */
  const flushAll: Effect.Effect<void, DatabaseUnavailable> = Effect.andThen(
    flush(true),
    Effect.suspend(() => {
      isHeldBack = pending.size > 0
      return isHeldBack ? Effect.andThen(Effect.sleep(heldBackMillis), flushAll) : Effect.void
    }),
  )

  const lastFlush = flushAll.pipe(
    Effect.timeoutOrElse({
      duration: lastFlushTimeout,
      orElse: () =>
        Effect.suspend(() =>
          isHeldBack
            ? Effect.logWarning(
                `${pending.size} rows are left to the next start: the disk does not take their files`,
              )
            : oneAtATime.withPermit(unanswered("The database does not answer (Timeout)", true)),
        ),
    }),
    Effect.ignore,
  )

  const hurried = Effect.andThen(Queue.take(signals), Effect.sleep(debounceMillis))
  yield* Effect.addFinalizer(() => Effect.interruptible(lastFlush))
  yield* hurried.pipe(
    Effect.timeoutOrElse({ duration: flushIntervalMillis, orElse: () => Effect.void }),
    Effect.andThen(Queue.clear(signals)),
    Effect.andThen(flushPatiently),
    Effect.forever,
    Effect.forkScoped,
  )

  const hurry = Effect.asVoid(Queue.offer(signals, undefined))
  return {
    hurry,
    recount: Effect.suspend(() => {
      hasTotals = false
      return hurry
    }),
    recovered: Effect.suspend(() => {
      hasRecovered = true
      hasTotals = false
      return hurry
    }),
    flush: flush(true),
    health: Effect.sync(() => ({
      isDatabaseAnswering,
      pendingRows: pending.size,
      droppedRows: pending.dropped,
      writtenAtMillis,
    })),
  }
})
