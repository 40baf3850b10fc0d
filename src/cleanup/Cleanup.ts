import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberHandle from "effect/FiberHandle"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type { Plan } from "../domain/Plan.ts"
import { type CleanupPass, CleanupPasses, type CleanupReason } from "../storage/CleanupPasses.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import {
  type CameraTerms,
  type ExpiredPage,
  ExpiredRecordings,
  type ExpiredSum,
} from "../storage/ExpiredRecordings.ts"
import { CleanupProgress, type RunningCleanup } from "./CleanupProgress.ts"
import { Deletion, type DeletionError } from "./Deletion.ts"
import { cutoffOf, type PlanDays } from "./expiry.ts"
import { expiredGroups, groupFiles } from "./expiredGroups.ts"

/** What a cleanup now would delete of a camera. */
export interface ExpiredOfCamera extends ExpiredSum {
  readonly ownerId: number
}

export interface CleanupState {
  readonly running: RunningCleanup | null
  /** The newest first; the first of them may be the one that runs. */
  readonly passes: ReadonlyArray<CleanupPass>
}

const shownPasses = 10
const lastWriteTimeout = "2 seconds"

/**
 * Deletes what has expired by the plans of the owners, one pass at a time, each with a record.
 *
 * A pass first finishes what an earlier one left. A file that cannot be deleted is in the record and stops nothing.
 */
export class Cleanup extends Context.Service<
  Cleanup,
  {
    readonly planDays: PlanDays
    /** Runs a pass, after one that runs already; answers whether it looked at everything that had expired. */
    run(reason: CleanupReason): Effect.Effect<boolean, DatabaseUnavailable>
    /** Begins a pass in the background; false where one runs already. */
    readonly request: Effect.Effect<boolean>
    /** Ends the pass that was asked for, where one runs; what is deleted stays deleted. */
    readonly cancel: Effect.Effect<void>
    /**
     * What a cleanup now would delete; changes nothing. With `ownerId` only the cameras of that owner are counted, and
     * `plan` is taken for the plan of each.
     */
    preview(question: {
      readonly ownerId?: number
      readonly plan?: Plan | undefined
    }): Effect.Effect<ReadonlyArray<ExpiredOfCamera>, DatabaseUnavailable>
    readonly state: Effect.Effect<CleanupState, DatabaseUnavailable>
  }
>()("vigia/cleanup/Cleanup") {
  static readonly layerNoDeps = (planDays: PlanDays) => Layer.effect(Cleanup, makeCleanup(planDays))

  static readonly layer = (planDays: PlanDays) =>
    this.layerNoDeps(planDays).pipe(Layer.provide([ExpiredRecordings.layer, CleanupPasses.layer]))
}

const makeCleanup = Effect.fnUntraced(function* (planDays: PlanDays) {
  const expired = yield* ExpiredRecordings
  const passes = yield* CleanupPasses
  const deletion = yield* Deletion
  const asked = yield* FiberHandle.make<void, never>()
  const oneAtATime = yield* Semaphore.make(1)
  let running: CleanupProgress | null = null

  const cutoffs = (terms: ReadonlyArray<CameraTerms>, nowMillis: number) =>
    terms.map((camera) => cutoffOf(camera, planDays, nowMillis))

  const removed = Effect.fnUntraced(function* ({ recordings }: ExpiredPage, progress: CleanupProgress) {
    const result = yield* deletion.remove(recordings, "expired")
    progress.add(result, [...new Set(recordings.map(({ cameraId }) => cameraId))])
  })

  const removeExpired = Effect.fnUntraced(function* (progress: CleanupProgress, nowMillis: number) {
    const left = yield* deletion.finishInterrupted
    progress.add(left, [])
    const all = cutoffs(yield* expired.terms, nowMillis)
    const sums = yield* expired.sums(all)
    progress.expect(left.removed + sums.reduce((total, { files }) => total + files, 0))
    let before: ReadonlyArray<Fiber.Fiber<void, DeletionError>> = []
    for (const group of expiredGroups(all, sums)) {
      let page: ExpiredPage | null = yield* expired.page(group, null, groupFiles)
      while (page !== null) {
        // While this page is deleted the next one is read, and its rows are marked.
        const deleting = yield* Effect.forkScoped(removed(page, progress))
        page = page.next === null ? null : yield* expired.page(group, page.next, groupFiles)
        yield* Effect.forEach(before, Fiber.join)
        before = [deleting]
      }
    }
    yield* Effect.forEach(before, Fiber.join)
  }, Effect.scoped)

  const pass = Effect.fn("Cleanup.pass")(function* (reason: CleanupReason) {
    const startedAtMillis = yield* Clock.currentTimeMillis
    const id = yield* passes.begin(reason, startedAtMillis)
    const progress = new CleanupProgress(reason, startedAtMillis)
    running = progress
    const end = (isComplete: boolean) =>
      Effect.flatMap(Clock.currentTimeMillis, (nowMillis) =>
        passes.end(id, progress.now, isComplete, nowMillis),
      )
    const isComplete = yield* removeExpired(progress, startedAtMillis).pipe(
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

  const run = (reason: CleanupReason) =>
    pass(reason).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          running = null
        }),
      ),
      (alone) => oneAtATime.withPermit(alone),
    )

  const inBackground = run("asked").pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("the cleanup failed", cause),
    ),
    Effect.asVoid,
  )

  const preview = Effect.fn("Cleanup.preview")(function* (question: {
    readonly ownerId?: number
    readonly plan?: Plan | undefined
  }) {
    const { ownerId, plan } = question
    const terms = (yield* expired.terms)
      .filter((camera) => ownerId === undefined || camera.ownerId === ownerId)
      .map((camera) => ({ ...camera, plan: plan ?? camera.plan }))
    const ownerOf = new Map(terms.map((camera) => [camera.cameraId, camera.ownerId]))
    const sums = yield* expired.sums(cutoffs(terms, yield* Clock.currentTimeMillis))
    return sums.map((one) => ({ ...one, ownerId: ownerOf.get(one.cameraId) ?? 0 }))
  })

  return Cleanup.of({
    planDays,
    run,
    request: Effect.suspend(() =>
      running === null
        ? Effect.as(FiberHandle.run(asked, inBackground, { onlyIfMissing: true }), true)
        : Effect.succeed(false),
    ),
    cancel: FiberHandle.clear(asked),
    preview,
    state: Effect.map(passes.last(shownPasses), (last) => ({
      running: running === null ? null : running.now,
      passes: last,
    })),
  })
})
