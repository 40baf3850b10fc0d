import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Failure } from "./failure.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { RunEvent, RunHandle, RunRequest, StopReason } from "./RunRequest.ts"

type Listener = (event: RunEvent) => void

/**
 * The part of a run that others hold on to: who listens, whether it shall end, and when it has.
 *
 * It starts nothing itself; `recordRun` does the work and tells its steps here.
 */
export class LiveRun {
  readonly runId: string = crypto.randomUUID()
  readonly request: RunRequest
  readonly handle: RunHandle
  readonly stopRequested: Effect.Effect<void>
  readonly ended: Effect.Effect<void>
  stopReason: StopReason | null = null
  pid: number | null = null
  fragments = 0
  #listener: Listener | null
  #audio: RunRequest["audio"]
  readonly #stopRequested = Deferred.makeUnsafe<void>()
  readonly #ended = Deferred.makeUnsafe<void>()

  constructor(request: RunRequest, listener: Listener) {
    this.request = request
    this.#listener = listener
    this.#audio = request.audio
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

  /** Whether nobody listens to this run and it records just what the request asks for. */
  canServe(request: RunRequest): boolean {
    const own = this.request.camera
    return (
      this.#listener === null &&
      this.stopReason === null &&
      this.pid !== null &&
      !request.probeAgain &&
      Redacted.value(own.url) === Redacted.value(request.camera.url) &&
      own.transport === request.camera.transport
    )
  }

  /** Tells everything from now on to a new listener, beginning with `run.started`. */
  takeOver(listener: Listener): RunHandle {
    this.#listener = listener
    // Not in the caller's turn: it has no handle yet.
    queueMicrotask(() => this.#tellStarted())
    return this.handle
  }

  tell(event: RunEvent): void {
    this.#listener?.(event)
  }

  started(pid: number, audio: RunRequest["audio"]): void {
    this.pid = pid
    this.#audio = audio
    this.#tellStarted()
  }

  fragmentsWritten(count: number, lastArrivalMillis: number): void {
    this.fragments += count
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
