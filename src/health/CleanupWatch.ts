import * as Clock from "effect/Clock"
import * as Cron from "effect/Cron"
import * as Effect from "effect/Effect"
import type { ServiceHealth } from "../domain/Health.ts"
import { type CleanupPass, CleanupPasses } from "../storage/CleanupPasses.ts"

type CleanupHealth = ServiceHealth["cleanup"]

/** After the time that the schedule names: a pass may take hours. */
const overdueMillis = 25 * 3_600_000
const lookedAtPasses = 10

/** Whether a pass says how cleanups fare: one that was cancelled before it met an error, or still runs, does not. */
const isVerdict = ({ endedAtMillis, isComplete, errors }: CleanupPass): boolean =>
  endedAtMillis !== null && (isComplete || errors > 0)

/** Whether cleanups do their work: the last that says so met no error, and none is overdue. */
export const makeCleanupWatch = Effect.fnUntraced(function* (schedule: Cron.Cron) {
  const passes = yield* CleanupPasses
  let health: CleanupHealth = { lastCompleteMillis: null, isFailing: false }

  const look = Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const lastCompleteMillis = yield* passes.lastCompleteMillis
    const cleanSinceMillis = yield* passes.cleanSince(nowMillis)
    const lastJudged = (yield* passes.last(lookedAtPasses)).find(isVerdict)
    const isOverdue =
      cleanSinceMillis !== null &&
      Cron.next(schedule, new Date(cleanSinceMillis)).getTime() < nowMillis - overdueMillis
    const hasFailed = lastJudged !== undefined && lastJudged.errors > 0
    health = { lastCompleteMillis, isFailing: isOverdue || hasFailed }
  })

  return { look, health: () => health }
})
