import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { LivedTime } from "../storage/LivedTime.ts"
import { type ClockStep, type LivedSpans, stepBefore, withLived } from "./age.ts"

export interface LivedNow {
  readonly nowMillis: number
  readonly lived: LivedSpans
}

/** Tells time that the service lived through from time by which the clock was only set. */
export interface TimeWatch {
  /** As of now; changes nothing. */
  readonly now: Effect.Effect<LivedNow, DatabaseUnavailable>
  /** The same, remembered for later lives. */
  readonly note: Effect.Effect<LivedNow, DatabaseUnavailable>
  /** A person says that the clock is right: all time until now counts. */
  readonly trustClock: Effect.Effect<void, DatabaseUnavailable>
}

const millisOf = (nanos: bigint): number => Number(nanos / 1_000_000n)

const instant = (millis: number): string => new Date(millis).toISOString()

const logStep = ({ fromMillis, toMillis }: ClockStep): Effect.Effect<void> =>
  Effect.logFatal(
    "the clock went on, or was set, by more than a day that nobody watched: the service was off, or the clock is wrong. " +
      "Recordings may be kept longer; if the clock is right: npm run cleanup -- --confirm",
  ).pipe(Effect.annotateLogs({ from: instant(fromMillis), to: instant(toMillis) }))

/**
 * Watches the clock by another one, which nobody sets.
 *
 * What was lived since the last note is what the clock showed last before now: so a clock that jumps adds no more time
 * than was lived. Before the first note of all every time counts as lived.
 */
export const makeTimeWatch = Effect.fnUntraced(function* (
  longestAgeMillis: number,
): Effect.fn.Return<TimeWatch, never, LivedTime> {
  const store = yield* LivedTime
  const oneAtATime = yield* Semaphore.make(1)
  let stored: LivedSpans | null = null
  let notedNanos = yield* Clock.monotonicTimeNanos

  const look = Effect.gen(function* () {
    const before = (stored ??= yield* store.list)
    const nanos = yield* Clock.monotonicTimeNanos
    const nowMillis = yield* Clock.currentTimeMillis
    const fromMillis = before.length === 0 ? 0 : nowMillis - millisOf(nanos - notedNanos)
    const span = { fromMillis: Math.max(0, fromMillis), toMillis: nowMillis }
    return {
      nanos,
      nowMillis,
      step: stepBefore(before, span),
      lived: withLived(before, span, longestAgeMillis),
    }
  })

  const keep = Effect.fnUntraced(function* (lived: LivedSpans, nanos: bigint) {
    yield* store.replace(lived)
    stored = lived
    notedNanos = nanos
  })

  const note = Effect.gen(function* () {
    const { nanos, nowMillis, step, lived } = yield* look
    yield* keep(lived, nanos)
    if (step !== null) yield* logStep(step)
    return { nowMillis, lived }
  })

  const trustClock = Effect.gen(function* () {
    const { nanos, nowMillis } = yield* look
    yield* keep([{ fromMillis: 0, toMillis: nowMillis }], nanos)
    yield* Effect.logWarning(`the clock was confirmed at ${instant(nowMillis)}: recordings expire by it`)
  })

  return {
    now: oneAtATime.withPermit(Effect.map(look, ({ nowMillis, lived }) => ({ nowMillis, lived }))),
    note: oneAtATime.withPermit(note),
    trustClock: oneAtATime.withPermit(trustClock),
  }
})
