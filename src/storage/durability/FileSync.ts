import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { RecentSyncs } from "./RecentSyncs.ts"
import { type SyncKind, SyncShell } from "./SyncShell.ts"

/** Something could not be brought onto the medium; `reason` is one line, of sync(1) or about its process. */
export class SyncFailed extends Schema.TaggedError<SyncFailed>()("SyncFailed", { reason: Schema.String }) {}

/** How syncing goes, from memory. */
export interface SyncHealth {
  readonly isInFlight: boolean
  /** Of the last sync that ended; null before the first. */
  readonly lastMillis: number | null
  readonly slowestMillis: number
  /** How long each took that ended within the last minute, and how long the one in flight has taken so far. */
  readonly recentMillis: ReadonlyArray<number>
  readonly completed: number
  readonly failed: number
  /** Requests that were not begun, because an earlier one had not answered. */
  readonly skipped: number
  /** The process that syncs; null before the first request and after it died. */
  readonly pid: number | null
}

/** A process that syncs, one request at a time. */
export interface FileSync {
  /**
   * Begins a sync and answers the fiber that waits for it, which goes on whoever stops waiting; null, and nothing
   * begun, while an earlier one has not answered.
   */
  readonly begin: (
    kind: SyncKind,
    paths: ReadonlyArray<string>,
  ) => Effect.Effect<Fiber.Fiber<void, SyncFailed> | null>
  readonly health: () => SyncHealth
}

/** A sync that takes longer is worth a line. */
const slowMillis = 5_000

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Makes a `FileSync`; the end of the scope ends its process, within a second. */
export const makeFileSync = Effect.fnUntraced(function* (
  directory: string,
): Effect.fn.Return<FileSync, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const shell = yield* Effect.acquireRelease(
    Effect.sync(() => new SyncShell(directory)),
    (one) => Effect.promise(() => one.end()),
  )
  let isInFlight = false
  let isFailing = false
  const clock = yield* Clock.Clock
  const monotonicMillis = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  let startedMillis = 0
  const recent = new RecentSyncs()
  let lastMillis: number | null = null
  let [slowestMillis, completed, failed, skipped] = [0, 0, 0, 0]

  const noteOutcome = Effect.fnUntraced(function* (complaint: string | undefined) {
    if (complaint === undefined) {
      completed += 1
      if (isFailing) yield* Effect.logInfo("recordings reach the disk again")
      isFailing = false
      return
    }
    failed += 1
    if (!isFailing) yield* Effect.logError(`recordings do not reach the disk: ${complaint}`)
    isFailing = true
    return yield* new SyncFailed({ reason: complaint })
  })

  const run = Effect.fnUntraced(
    function* (kind: SyncKind, paths: ReadonlyArray<string>) {
      let isSlow = false
      const tellSlow = Effect.sync(() => {
        isSlow = true
      }).pipe(
        Effect.andThen(Effect.logWarning(`a sync of recordings takes longer than ${slowMillis / 1000} s`)),
        Effect.delay(slowMillis),
        Effect.andThen(Effect.never),
      )
      const complaints = yield* Effect.tryPromise({
        try: () => shell.ask(kind, paths),
        catch: reasonOf,
      }).pipe(
        Effect.catch((reason) => Effect.succeed([reason])),
        Effect.raceFirst(tellSlow),
      )
      const endedMillis = monotonicMillis()
      lastMillis = endedMillis - startedMillis
      recent.add({ endedMillis, tookMillis: lastMillis })
      slowestMillis = Math.max(slowestMillis, lastMillis)
      if (isSlow) yield* Effect.logInfo(`the slow sync is over: it took ${(lastMillis / 1000).toFixed(1)} s`)
      yield* noteOutcome(complaints[0])
    },
    Effect.ensuring(
      Effect.sync(() => {
        isInFlight = false
      }),
    ),
  )

  return {
    begin: (kind, paths) =>
      Effect.suspend((): Effect.Effect<Fiber.Fiber<void, SyncFailed> | null> => {
        if (isInFlight) {
          skipped += 1
          return Effect.succeed(null)
        }
        isInFlight = true
        startedMillis = monotonicMillis()
        return Effect.forkIn(run(kind, paths), scope, { startImmediately: true })
      }),
    health: () => ({
      isInFlight,
      lastMillis,
      slowestMillis,
      recentMillis: recent.millis(monotonicMillis(), isInFlight ? startedMillis : null),
      completed,
      failed,
      skipped,
      pid: shell.pid,
    }),
  }
})
