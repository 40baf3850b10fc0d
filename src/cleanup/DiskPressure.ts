import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { failure, type Failure } from "../recorder/failure.ts"
import { StreamRecorder } from "../recorder/StreamRecorder.ts"
import { Catalog } from "../storage/Catalog.ts"
import { EvictionCandidates } from "../storage/EvictionCandidates.ts"
import { type DiskSpace, RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { StorageAccounts } from "../storage/StorageAccounts.ts"
import { boundedProbe } from "./boundedProbe.ts"
import { Deletion } from "./Deletion.ts"
import { type DiskLimits, type DiskState, diskStateOf, isPressed, mustWaitForRoom } from "./diskLimits.ts"
import { makeEvictions } from "./evictions.ts"

/** The disk as it was found last. */
export interface DiskReading {
  /** Null where it did not answer; `error` says why. */
  readonly space: DiskSpace | null
  readonly error: string | null
  readonly state: DiskState
  /** The reserve is reached and nothing may be evicted: no camera is recorded. */
  readonly isRecordingStopped: boolean
  readonly probedAtMillis: number
}

export interface DiskPressureOptions extends DiskLimits {
  /** Between two looks at the disk. */
  readonly probeIntervalMillis: number
  /** Between two looks at the quotas. */
  readonly quotaIntervalMillis: number
}

const probeTimeoutMillis = 5_000

/**
 * Keeps the disk from filling up: evicts the oldest recordings, and where nothing may go ends recording at the reserve.
 *
 * Recording goes on by itself when there is room again. A disk that does not answer is critical, but neither deletes
 * nor ends anything: nobody knows how much would be needed.
 */
export class DiskPressure extends Context.Service<
  DiskPressure,
  {
    /** From memory, also before `begin`. */
    readonly reading: Effect.Effect<DiskReading>
    /** Null when a run may begin, else why not; from memory. */
    readonly refusal: Effect.Effect<Failure | null>
    /** From now on recordings may be evicted: the catalog knows by now what is recorded. */
    readonly begin: Effect.Effect<void>
    readonly limits: DiskLimits
  }
>()("vigia/cleanup/DiskPressure") {
  static readonly layer = (options: DiskPressureOptions) =>
    Layer.effect(DiskPressure, makeDiskPressure(options))
}

const logState = ({ state, error }: DiskReading): Effect.Effect<void> => {
  if (error !== null) return Effect.logError(`the disk does not say how full it is: ${error}`)
  if (state === "critical") return Effect.logError("the disk is critically full")
  return state === "warning"
    ? Effect.logWarning("the disk is getting full")
    : Effect.logInfo("the disk has room again")
}

/** Runs what may fail again and again: a fault is said once, until it is another one or over. */
const sayingFaultsOnce = () => {
  let lastFault: string | null = null
  return <E extends Error>(effect: Effect.Effect<void, E>): Effect.Effect<void> =>
    effect.pipe(
      Effect.as(null),
      Effect.catchCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
        const error = Cause.squash(cause)
        return Effect.succeed(error instanceof Error ? error.message : String(error))
      }),
      Effect.flatMap((fault) => {
        const isNews = fault !== null && fault !== lastFault
        lastFault = fault
        return isNews ? Effect.logError(`recordings cannot be evicted: ${fault}`) : Effect.void
      }),
    )
}

const makeDiskPressure = Effect.fnUntraced(function* (options: DiskPressureOptions) {
  const directory = yield* RecordingsDirectory
  const recorder = yield* StreamRecorder
  const { relieve, enforceQuotas } = makeEvictions({
    deletion: yield* Deletion,
    candidates: yield* EvictionCandidates,
    accounts: yield* StorageAccounts,
    catalog: yield* Catalog,
  })
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const relieving = sayingFaultsOnce()
  const enforcing = sayingFaultsOnce()
  const probe = yield* boundedProbe(directory.diskSpace, probeTimeoutMillis)
  let reading: DiskReading | null = null
  let isRecordingStopped = false
  let isWithoutRemedy = false
  let hasBegun = false

  /** Asks the disk, and keeps what it said. */
  const look = Effect.gen(function* () {
    const { space, error } = yield* probe
    const before = reading
    const now: DiskReading = {
      space,
      error,
      state: diskStateOf(space, options),
      isRecordingStopped,
      probedAtMillis: yield* Clock.currentTimeMillis,
    }
    reading = now
    if (now.state !== (before?.state ?? "ok") || now.error !== (before?.error ?? null)) yield* logState(now)
    return now
  })
  yield* look

  /** Ends recording at the reserve, and lets it go on where there is room. */
  const openOrClose = Effect.fnUntraced(function* (space: DiskSpace | null) {
    const wasStopped = isRecordingStopped
    isRecordingStopped = mustWaitForRoom(wasStopped, space, options)
    if (isRecordingStopped && !wasStopped) {
      yield* Effect.logFatal(
        "recording stops: the reserve of the disk is reached, and nothing may be evicted",
      )
    }
    if (!isRecordingStopped && wasStopped) yield* Effect.logInfo("recording goes on: the disk has room")
    // Each time: a run that had just asked has begun since.
    if (isRecordingStopped) yield* recorder.endAll("disk_full")
  })

  const relieved = Effect.gen(function* () {
    const { space } = yield* look
    if (space !== null && isPressed(space, options)) {
      const asked = Effect.map(look, (now) => now.space)
      yield* relieving(relieve(asked, options))
    }
    const after = (yield* look).space
    const isStillPressed = after !== null && isPressed(after, options)
    if (isStillPressed && !isWithoutRemedy) {
      yield* Effect.logError("nothing more may be evicted: recording goes on until the reserve is reached")
    }
    isWithoutRemedy = isStillPressed
    yield* openOrClose(after)
  })

  const every = (millis: number, work: Effect.Effect<void>): Effect.Effect<void> =>
    Effect.forever(Effect.andThen(work, Effect.sleep(millis)))

  // Apart from the evictions: a deletion that hangs must not keep an old figure alive.
  fork(every(options.probeIntervalMillis, Effect.asVoid(look)))

  return DiskPressure.of({
    limits: options,
    reading: Effect.suspend(() =>
      reading === null ? look : Effect.succeed({ ...reading, isRecordingStopped }),
    ),
    refusal: Effect.sync(() =>
      isRecordingStopped ? failure("disk_full", "the reserve of the disk is reached") : null,
    ),
    begin: Effect.sync(() => {
      if (hasBegun) return
      hasBegun = true
      fork(every(options.probeIntervalMillis, relieved))
      fork(every(options.quotaIntervalMillis, enforcing(enforceQuotas())))
    }),
  })
})
