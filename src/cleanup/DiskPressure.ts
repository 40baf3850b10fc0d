import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { EventJournal } from "../events/EventJournal.ts"
import { failure, type Failure } from "../recorder/failure.ts"
import { StreamRecorder } from "../recorder/StreamRecorder.ts"
import { Catalog } from "../storage/Catalog.ts"
import { EvictionCandidates } from "../storage/EvictionCandidates.ts"
import { type DiskSpace, RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { StorageAccounts } from "../storage/StorageAccounts.ts"
import { Ballast } from "./Ballast.ts"
import { boundedProbe } from "./boundedProbe.ts"
import { Deletion } from "./Deletion.ts"
import { type DiskLimits, type DiskState, diskStateOf, isPressed, mustWaitForRoom } from "./diskLimits.ts"
import { makeEvictions } from "./evictions.ts"
import { steadyMillis } from "../domain/steadyMillis.ts"
import { logObstacle, type PressureObstacle, reasonOf } from "./pressureObstacle.ts"
import { sayingFaultsOnce } from "./sayingFaultsOnce.ts"
import { UnshownRoom } from "./UnshownRoom.ts"

/** The disk as it was found last. */
export interface DiskReading {
  /** Null where it did not answer; `error` says why. */
  readonly space: DiskSpace | null
  readonly error: string | null
  readonly state: DiskState
  /** Why evictions do not help; null where they do, or are not needed. */
  readonly obstacle: PressureObstacle | null
  /** The reserve is reached, and evictions do not help: no camera is recorded. */
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
    /** Tells when runs that were refused, or failed for want of room, may begin. */
    readonly onRoomReturned: (listener: () => void) => void
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

const makeDiskPressure = Effect.fnUntraced(function* (options: DiskPressureOptions) {
  const directory = yield* RecordingsDirectory
  const recorder = yield* StreamRecorder
  const { relieve, enforceQuotas } = makeEvictions({
    deletion: yield* Deletion,
    candidates: yield* EvictionCandidates,
    accounts: yield* StorageAccounts,
    catalog: yield* Catalog,
    publish: (yield* EventJournal).publish,
  })
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const relieving = sayingFaultsOnce()
  const enforcing = sayingFaultsOnce()
  const ballast = yield* Ballast
  const unshown = new UnshownRoom()
  const probe = yield* boundedProbe(directory.diskSpace, probeTimeoutMillis)
  let isRecordingStopped = false
  /** The reserve was reached, whether or not recording was stopped for it: runs may have failed since. */
  let isRoomLacking = false
  let obstacle: PressureObstacle | null = null
  let hasBegun = false
  const listeners: Array<() => void> = []

  const ask = Effect.gen(function* () {
    const { space, error } = yield* probe
    const now: DiskReading = {
      space,
      error,
      state: diskStateOf(space, options),
      obstacle,
      isRecordingStopped,
      probedAtMillis: yield* Clock.currentTimeMillis,
    }
    return now
  })
  let reading = yield* ask
  if (reading.state !== "ok") yield* logState(reading)

  /** Asks the disk, and keeps what it said. */
  const look = Effect.gen(function* () {
    const now = yield* ask
    const before = reading
    reading = now
    if (now.state !== before.state || now.error !== before.error) yield* logState(now)
    return now
  })

  /** Ends recording at the reserve, and lets it go on where there is room. */
  const openOrClose = Effect.fnUntraced(function* (space: DiskSpace | null) {
    const wasStopped = isRecordingStopped
    isRecordingStopped = mustWaitForRoom(wasStopped, space, options)
    if (isRecordingStopped && !wasStopped) {
      yield* Effect.logFatal(`recording stops: the reserve of the disk is reached, and ${reasonOf(obstacle)}`)
    }
    if (!isRecordingStopped && wasStopped) yield* Effect.logInfo("recording goes on: the disk has room")
    const wasLacking = isRoomLacking
    isRoomLacking = mustWaitForRoom(wasLacking, space, options)
    if (!isRoomLacking && wasLacking) for (const listener of listeners) listener()
    // Each time: a run that had just asked has begun since.
    if (isRecordingStopped) yield* recorder.endAll("disk_full")
  })

  /** Evicts what is needed; answers why that does not help. */
  const evict = Effect.fnUntraced(function* (): Effect.fn.Return<PressureObstacle | null> {
    yield* ballast.giveUp
    const relief = yield* relieving(
      relieve(
        Effect.map(look, ({ space }) => space),
        options,
      ),
    )
    if (relief === null) return "failed"
    const { space } = yield* look
    if (relief.before !== null && space !== null) {
      unshown.note(relief.freed, relief.before, space, yield* steadyMillis)
    }
    return relief.obstacle
  })

  /** Where recording stopped it goes on a tenth above the reserve: what lies between is still to be freed. */
  const needsRoom = (space: DiskSpace): boolean =>
    isPressed(space, options) || mustWaitForRoom(isRecordingStopped, space, options)

  const relieved = Effect.gen(function* () {
    const { space } = yield* look
    isRoomLacking ||= mustWaitForRoom(false, space, options)
    const before = obstacle
    let found: PressureObstacle | null = null
    if (space !== null && needsRoom(space)) {
      found = unshown.isAwaited(space, yield* steadyMillis) ? "not_shown" : yield* evict()
    }
    const after = (yield* look).space
    obstacle = after !== null && needsRoom(after) ? found : null
    if (obstacle !== null && obstacle !== before) yield* logObstacle(obstacle)
    yield* openOrClose(after)
    if (after !== null && !isPressed(after, options)) yield* ballast.restore
  })

  const every = (millis: number, work: Effect.Effect<void>): Effect.Effect<void> =>
    Effect.forever(Effect.andThen(work, Effect.sleep(millis)))

  // Apart from the evictions: a deletion that hangs must not keep an old figure alive.
  fork(every(options.probeIntervalMillis, Effect.asVoid(look)))

  return DiskPressure.of({
    limits: options,
    reading: Effect.sync(() => ({ ...reading, obstacle, isRecordingStopped })),
    refusal: Effect.sync(() =>
      isRecordingStopped ? failure("disk_full", "the reserve of the disk is reached", "wait_for_room") : null,
    ),
    onRoomReturned: (listener) => listeners.push(listener),
    begin: Effect.sync(() => {
      if (hasBegun) return
      hasBegun = true
      fork(every(options.probeIntervalMillis, relieved))
      fork(every(options.quotaIntervalMillis, enforcing(enforceQuotas())))
    }),
  })
})
