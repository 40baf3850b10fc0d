import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { findLivingRuns } from "../recorder/livingRuns.ts"
import { processStartTicks } from "../recorder/processes.ts"
import { type DirectoriesLocked, lockedBy } from "./DirectoriesLocked.ts"
import {
  endEarlierGuard,
  GuardProcess,
  type GuardSettings,
  GuardUnusable,
  type LockRefused,
} from "./GuardProcess.ts"
import {
  type Holder,
  isHere,
  ownHost,
  readHolder,
  recordingsHolderPath,
  removeHolder,
  stateHolderPath,
  writeHolder,
} from "./holder.ts"

/** Another service that only tries holds a lock for some milliseconds. */
const restartPatience = "2 seconds"
const triesEvery = "250 millis"

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The guard of this life of the service, and the only place that replaces it. */
export class Guardianship {
  readonly #settings: GuardSettings
  readonly #startedAtMillis: number
  readonly #holderPaths: ReadonlyArray<string>
  /** Null while the locks are not held. */
  #guard: GuardProcess | null = null

  constructor(settings: GuardSettings, startedAtMillis: number) {
    this.#settings = settings
    this.#startedAtMillis = startedAtMillis
    this.#holderPaths = [
      recordingsHolderPath(settings.recordingDirectory),
      stateHolderPath(settings.stateDirectory),
    ]
  }

  /** Takes the locks; warns while another process holds them, and tries again until patience ends. */
  acquire(patience: `${number} seconds`): Effect.Effect<void, DirectoriesLocked | GuardUnusable> {
    const insist = this.#tryOnce.pipe(
      Effect.retry({
        while: (error) => error._tag === "LockRefused",
        schedule: Schedule.spaced(triesEvery).pipe(Schedule.upTo({ duration: patience })),
      }),
    )
    return this.#tryOnce.pipe(
      Effect.catchTag("LockRefused", (refusal) =>
        Effect.logWarning(`${lockedBy(this.#settings, refusal).message}: trying for ${patience}`).pipe(
          Effect.andThen(insist),
        ),
      ),
      Effect.catchTag("LockRefused", (refusal) => Effect.fail(lockedBy(this.#settings, refusal))),
    )
  }

  /** Replaces each guard that ends. Never succeeds; fails when another service was faster. */
  get keep(): Effect.Effect<never, DirectoriesLocked> {
    const replace = this.acquire(restartPatience).pipe(
      Effect.tapError((error) => Effect.logError(error.message)),
      Effect.retry({
        while: (error) => error._tag === "GuardUnusable",
        schedule: Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")]),
      }),
      Effect.catchTag("GuardUnusable", Effect.die),
    )
    return Effect.suspend(() => this.#guard?.exited ?? Effect.void).pipe(
      Effect.andThen(Effect.sync(() => (this.#guard = null))),
      Effect.andThen(Effect.logWarning("The guard of the directories has ended: starting another")),
      Effect.andThen(replace),
      Effect.forever,
    )
  }

  /** At the end of this life: where runs are left, their lease begins; else guard and locks end. */
  get release(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const guard = this.#guard
      this.#guard = null
      if (guard === null) return Effect.void
      if (findLivingRuns(this.#settings.recordingDirectory).length > 0)
        return Effect.sync(() => guard.leave())
      // Before the locks are free: afterwards these files may be another's.
      return Effect.sync(() => this.#holderPaths.forEach(removeHolder)).pipe(
        Effect.catchDefect((defect) => Effect.logWarning(`Cannot remove a holder file: ${String(defect)}`)),
        Effect.andThen(guard.stop),
      )
    })
  }

  get #tryOnce(): Effect.Effect<void, LockRefused | GuardUnusable> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(GuardProcess.start(this.#settings), (guard) =>
        restore(guard.locked).pipe(
          Effect.andThen(this.#takePossession(guard)),
          Effect.onError(() => guard.stop),
        ),
      ),
    )
  }

  /** Names this life as the holder and ends the guards of earlier ones: their leases are over. */
  #takePossession(guard: GuardProcess): Effect.Effect<void, GuardUnusable> {
    return Effect.gen({ self: this }, function* () {
      const earlier = this.#holderPaths.map(readHolder)
      const holder = {
        ...ownHost(),
        service: { pid: process.pid, processStartTicks: processStartTicks(process.pid) ?? "" },
        guard: guard.identity,
        startedAt: new Date(this.#startedAtMillis).toISOString(),
        leaseMillis: this.#settings.leaseMillis,
      }
      for (const path of this.#holderPaths) yield* this.#nameHolder(path, holder)
      yield* Effect.try({
        try: () => {
          for (const one of earlier) {
            if (one !== null && isHere(one)) endEarlierGuard(one.guard, this.#settings.recordingDirectory)
          }
        },
        catch: (error) => new GuardUnusable({ reason: reasonOf(error) }),
      })
      this.#guard = guard
    })
  }

  /** The locks are what counts: a full disk must not keep a service from starting. */
  #nameHolder(path: string, holder: Holder): Effect.Effect<void> {
    return Effect.tryPromise({ try: () => writeHolder(path, holder), catch: reasonOf }).pipe(
      Effect.catch((reason) => Effect.logWarning(`Cannot write ${path}: ${reason}`)),
    )
  }
}
