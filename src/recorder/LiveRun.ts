import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Camera } from "../domain/Camera.ts"
import type { Failure } from "./failure.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { isAsWanted, type RecordingSettings, type RunCommand } from "./runCommand.ts"
import type { AudioChoice, RunEvent, RunHandle, StopReason } from "./RunRequest.ts"

type Listener = (event: RunEvent) => void

/**
 * The part of a run that others hold on to: who listens, whether it shall end, and when it has.
 *
 * It starts nothing itself; `recordRun` and `adoptRun` do the work and tell its steps here.
 */
export class LiveRun {
  readonly runId: string
  readonly cameraId: number
  readonly handle: RunHandle
  readonly stopRequested: Effect.Effect<void>
  readonly ended: Effect.Effect<void>
  stopReason: StopReason | null = null
  pid: number | null = null
  fragments = 0
  /** Up to which byte its log was read for lost packets; null where nobody reads it. */
  readLogBytes: number | null = null
  #command: RunCommand | null = null
  #audio: AudioChoice = "as_probed"
  #lastArrivalMillis: number | null = null
  #listener: Listener | null
  readonly #stopRequested = Deferred.makeUnsafe<void>()
  readonly #ended = Deferred.makeUnsafe<void>()

  /** Without a listener the run waits for a request of its camera to take it over. */
  constructor(cameraId: number, runId: string, listener: Listener | null) {
    this.cameraId = cameraId
    this.runId = runId
    this.#listener = listener
    this.stopRequested = Deferred.await(this.#stopRequested)
    this.ended = Deferred.await(this.#ended)
    this.handle = {
      stop: (reason) => {
        this.stopReason ??= reason
        Deferred.doneUnsafe(this.#stopRequested, Effect.void)
      },
      abandon: () => {
        this.#listener = null
      },
    }
  }

  /** What its process was told to open; empty before it is started. */
  get url(): Redacted.Redacted {
    return this.#command?.url ?? Redacted.make("")
  }

  /** Whether nobody listens to this run and it records just what is wanted of its camera. */
  canServe(camera: Camera, settings: RecordingSettings): boolean {
    return (
      this.#listener === null &&
      this.stopReason === null &&
      this.pid !== null &&
      this.#command !== null &&
      isAsWanted(this.#command, camera, settings)
    )
  }

  /** Tells everything from now on to a new listener, beginning with what has happened so far. */
  takeOver(listener: Listener): RunHandle {
    this.#listener = listener
    // Not in the caller's turn: it has no handle yet.
    queueMicrotask(() => {
      this.#tellStarted()
      if (this.#lastArrivalMillis !== null) {
        this.tell({ type: "fragments.written", atMillis: this.#lastArrivalMillis })
      }
    })
    return this.handle
  }

  tell(event: RunEvent): void {
    this.#listener?.(event)
  }

  started(pid: number, command: RunCommand, audio: AudioChoice): void {
    this.pid = pid
    this.#command = command
    this.#audio = audio
    this.#tellStarted()
  }

  fragmentsWritten(count: number, lastArrivalMillis: number): void {
    this.fragments += count
    this.#lastArrivalMillis = lastArrivalMillis
    this.tell({ type: "fragments.written", atMillis: lastArrivalMillis })
  }

  exited(failure: Failure): void {
    this.pid = null
    Deferred.doneUnsafe(this.#ended, Effect.void)
    this.tell({ type: "run.exited", failure, atMillis: monotonicMillis() })
  }

  #tellStarted(): void {
    this.tell({ type: "run.started", runId: this.runId, pid: this.pid ?? 0, audio: this.#audio })
  }
}
