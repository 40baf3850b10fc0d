import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type CleanupPass, CleanupPasses, type CleanupReason } from "../storage/CleanupPasses.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import {
  type CameraTerms,
  ExpiredRecordings,
  type ExpiredSum,
  type FutureRecordings,
} from "../storage/ExpiredRecordings.ts"
import { LivedTime } from "../storage/LivedTime.ts"
import type { ClockStep, LivedSpans } from "./age.ts"
import type { CleanupProgress, RunningCleanup } from "./CleanupProgress.ts"
import { Deletion } from "./Deletion.ts"
import { clockCutoffOf, clockStepsOf, cutoffOf, longestKeptMillis, type PlanDays } from "./expiry.ts"
import { expiredGroups } from "./expiredGroups.ts"
import { makePassTurns } from "./passTurns.ts"
import { type LivedNow, makeTimeWatch } from "./timeWatch.ts"

/** What a cleanup now would delete of a camera. */
export interface ExpiredOfCamera extends ExpiredSum {
  readonly ownerId: number
}

export interface CleanupState {
  readonly running: RunningCleanup | null
  /** The newest first; the first of them may be the one that runs. */
  readonly passes: ReadonlyArray<CleanupPass>
  /** Steps of the clock that nobody confirmed: because of them recordings may be kept longer. */
  readonly clockSteps: ReadonlyArray<ClockStep>
  /** Recordings that a clock made which was ahead: they are kept until the clock has caught up with them. */
  readonly future: FutureRecordings | null
}

const shownPasses = 10
const lastWriteTimeout = "2 seconds"

/**
 * Deletes what has expired by the plans of the owners, one pass at a time, each with a record.
 *
 * A pass first finishes what an earlier one left. A file that cannot be deleted is in the record and stops nothing. A
 * recording has expired when it is older by the clock and by the time that was lived: a clock that jumps deletes
 * nothing until a person confirms it.
 */
export class Cleanup extends Context.Service<
  Cleanup,
  {
    readonly planDays: PlanDays
    /** Runs a pass, after one that runs already; answers whether it ended, by itself or by `cancel`, as it was meant to. */
    run(reason: CleanupReason): Effect.Effect<boolean, DatabaseUnavailable>
    /** Begins a pass in the background; false where one runs already. */
    readonly request: Effect.Effect<boolean>
    /**
     * Ends the pass that runs, whoever began it, and those that wait for it; what is deleted stays deleted.
     *
     * A person wants nothing more to go: nothing that was due by now is caught up, also not by a later life. The next
     * pass is the one that the schedule names, or that somebody asks for.
     */
    readonly cancel: Effect.Effect<void, DatabaseUnavailable>
    /** Remembers that the service lives at this time; to be called at least every few hours. */
    readonly noteTime: Effect.Effect<void, DatabaseUnavailable>
    /** A person says that the clock is right: recordings expire by it alone. */
    readonly trustClock: Effect.Effect<void, DatabaseUnavailable>
    /** What the clock showed while the service lived, until now: by it recordings expire. */
    readonly lived: Effect.Effect<LivedSpans, DatabaseUnavailable>
    /** What a cleanup now would delete; changes nothing. With `trustsClock` as if the clock had been confirmed. */
    preview(question: {
      readonly trustsClock: boolean
    }): Effect.Effect<ReadonlyArray<ExpiredOfCamera>, DatabaseUnavailable>
    readonly state: Effect.Effect<CleanupState, DatabaseUnavailable>
  }
>()("vigia/cleanup/Cleanup") {
  static readonly layerNoDeps = (planDays: PlanDays) => Layer.effect(Cleanup, makeCleanup(planDays))

  static readonly layer = (planDays: PlanDays) =>
    this.layerNoDeps(planDays).pipe(
      Layer.provide([ExpiredRecordings.layer, CleanupPasses.layer, LivedTime.layer]),
    )
}

const makeCleanup = Effect.fnUntraced(function* (planDays: PlanDays) {
  const expired = yield* ExpiredRecordings
  const passes = yield* CleanupPasses
  const deletion = yield* Deletion
  const time = yield* makeTimeWatch(longestKeptMillis(planDays))

  const cutoffs = (terms: ReadonlyArray<CameraTerms>, { lived }: LivedNow) =>
    terms.map((camera) => cutoffOf(camera, planDays, lived))
  const clockCutoffs = (terms: ReadonlyArray<CameraTerms>, { nowMillis }: LivedNow) =>
    terms.map((camera) => clockCutoffOf(camera, planDays, nowMillis))

  const filesOf = (sums: ReadonlyArray<ExpiredSum>): number =>
    sums.reduce((total, { files }) => total + files, 0)

  /** Counts what the clock alone would let go. */
  const noteHeldBack = Effect.fnUntraced(function* (
    terms: ReadonlyArray<CameraTerms>,
    expiredFiles: number,
    now: LivedNow,
    progress: CleanupProgress,
  ) {
    if (clockStepsOf(now.lived, planDays).length === 0) return
    const files = filesOf(yield* expired.sums(clockCutoffs(terms, now))) - expiredFiles
    progress.holdBack(files)
    if (files > 0) {
      yield* Effect.logWarning(
        `cleanup: ${files} recordings are kept longer than the clock says, since it was set`,
      )
    }
  })

  const removeExpired = Effect.fnUntraced(function* (progress: CleanupProgress, now: LivedNow) {
    yield* deletion.finishInterrupted((result) => progress.add(result))
    const terms = yield* expired.terms
    const all = cutoffs(terms, now)
    const sums = yield* expired.sums(all)
    progress.expect(progress.now.files + filesOf(sums))
    yield* noteHeldBack(terms, filesOf(sums), now, progress)
    yield* deletion.removeExpired(expiredGroups(all, sums), (result) => progress.add(result))
  })

  const pass = Effect.fn("Cleanup.pass")(function* (progress: CleanupProgress) {
    const now = yield* time.note
    const { reason, startedAtMillis } = progress.now
    const id = yield* passes.begin(reason, startedAtMillis)
    const end = (isComplete: boolean) =>
      Effect.flatMap(Clock.currentTimeMillis, (nowMillis) =>
        passes.end(id, progress.now, isComplete, nowMillis),
      )
    const isComplete = yield* removeExpired(progress, now).pipe(
      Effect.as(true),
      Effect.catch((error) => {
        progress.fail({ path: null, code: error.message })
        return Effect.as(Effect.logError(`the cleanup ended early: ${error.message}`), false)
      }),
      // Its row would say that it still runs.
      Effect.onInterrupt(() => end(false).pipe(Effect.timeout(lastWriteTimeout), Effect.ignore)),
    )
    yield* end(isComplete)
    const { cameras, files, bytes, errors } = progress.now
    if (files + errors > 0) {
      yield* Effect.logInfo(
        `cleanup (${reason}): deleted ${files} recordings of ${cameras} cameras, ${bytes} bytes, ${errors} errors`,
      )
    }
    return isComplete
  })

  const turns = yield* makePassTurns(pass)

  const cancel = Effect.gen(function* () {
    yield* turns.endAll
    yield* passes.noteCancelled(yield* Clock.currentTimeMillis)
  })

  const preview = Effect.fn("Cleanup.preview")(function* ({
    trustsClock,
  }: {
    readonly trustsClock: boolean
  }) {
    const terms = yield* expired.terms
    const ownerOf = new Map(terms.map((camera) => [camera.cameraId, camera.ownerId]))
    const now = yield* time.now
    const sums = yield* expired.sums((trustsClock ? clockCutoffs : cutoffs)(terms, now))
    return sums.map((one) => ({ ...one, ownerId: ownerOf.get(one.cameraId) ?? 0 }))
  })

  return Cleanup.of({
    planDays,
    run: turns.run,
    request: turns.request,
    cancel,
    noteTime: Effect.asVoid(time.note),
    trustClock: time.trustClock,
    lived: Effect.map(time.now, ({ lived }) => lived),
    preview,
    state: Effect.gen(function* () {
      // Before the passes: one that ends in between is among them.
      const running = turns.running()?.now ?? null
      const { nowMillis, lived } = yield* time.now
      return {
        running,
        passes: yield* passes.last(shownPasses),
        clockSteps: clockStepsOf(lived, planDays),
        future: yield* expired.inFuture(nowMillis),
      }
    }),
  })
})
