import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Cron from "effect/Cron"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import * as Layer from "effect/Layer"
import type { CleanupReason } from "../storage/CleanupPasses.ts"
import { CleanupPasses } from "../storage/CleanupPasses.ts"
import { Cleanup } from "./Cleanup.ts"
import { Deletion } from "./Deletion.ts"

/** The clock is looked at this often at least: it may be set. */
const lookMillis = 60_000
/** A pass that could not do its work is tried again after this time. */
const retryMillis = 600_000

/**
 * Starts the cleanups by the schedule: one is due as long as none has begun since the last time it names.
 *
 * So a cleanup that was missed, because the service was down or the database away, is caught up.
 */
export class CleanupScheduler extends Context.Service<
  CleanupScheduler,
  {
    /** From now on the schedule is kept; what an earlier life left half deleted is finished first. */
    readonly begin: Effect.Effect<void>
    readonly nextDueMillis: Effect.Effect<number>
  }
>()("vigia/cleanup/CleanupScheduler") {
  static readonly layerNoDeps = (schedule: Cron.Cron) =>
    Layer.effect(CleanupScheduler, makeScheduler(schedule))

  static readonly layer = (schedule: Cron.Cron) =>
    this.layerNoDeps(schedule).pipe(Layer.provide(CleanupPasses.layer))
}

const makeScheduler = Effect.fnUntraced(function* (schedule: Cron.Cron) {
  const cleanup = yield* Cleanup
  const deletion = yield* Deletion
  const passes = yield* CleanupPasses
  const fiber = yield* FiberHandle.make<void, never>()

  const nextDueMillis = Effect.map(Clock.currentTimeMillis, (nowMillis) =>
    Cron.next(schedule, new Date(nowMillis)).getTime(),
  )

  /** A time named by the schedule belongs to the instant itself. */
  const lastDueMillis = (nowMillis: number): number => Cron.prev(schedule, new Date(nowMillis + 1)).getTime()

  /** Whether a cleanup is due, and was missed or not; answers how long to wait before looking again. */
  const look = Effect.fnUntraced(function* (sinceMillis: number) {
    yield* cleanup.noteTime
    const nowMillis = yield* Clock.currentTimeMillis
    const cleanSinceMillis = yield* passes.cleanSince(nowMillis)
    const dueMillis = lastDueMillis(nowMillis)
    if (cleanSinceMillis !== null && cleanSinceMillis < dueMillis) {
      const reason: CleanupReason = dueMillis >= sinceMillis ? "schedule" : "missed"
      if (!(yield* cleanup.run(reason))) return retryMillis
    }
    return Math.min(lookMillis, (yield* nextDueMillis) - (yield* Clock.currentTimeMillis))
  })

  const patiently = <A>(effect: Effect.Effect<A, { readonly message: string }>, otherwise: A) =>
    effect.pipe(
      // The catalog says in the log that the database is away.
      Effect.catch((error) => Effect.as(Effect.logDebug(`cleanup: ${error.message}`), otherwise)),
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError("the cleanup failed", Cause.die(defect)), otherwise),
      ),
    )

  const keep = Effect.gen(function* () {
    const sinceMillis = yield* Clock.currentTimeMillis
    yield* patiently(
      deletion.finishInterrupted(() => {}),
      undefined,
    )
    for (;;) yield* Effect.sleep(Math.max(1, yield* patiently(look(sinceMillis), lookMillis)))
  })

  return CleanupScheduler.of({
    begin: Effect.asVoid(FiberHandle.run(fiber, keep, { onlyIfMissing: true })),
    nextDueMillis,
  })
})
