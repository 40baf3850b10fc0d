import { type ChildProcess, spawn } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** FFmpeg could not be started at all: not installed, not executable, out of processes. */
export class SpawnFailed extends Schema.TaggedError<SpawnFailed>()("SpawnFailed", {
  program: Schema.String,
  reason: Schema.String,
}) {}

/** How a process ended; one of the two is not null. */
export interface ProcessExit {
  readonly exitCode: number | null
  readonly signal: string | null
}

/** How long each step of ending a process waits before the next. */
export interface StopTimes {
  readonly secondTermAfterMillis: number
  readonly killAfterMillis: number
}

/**
 * TERM ends FFmpeg in about 10 ms, or within its socket timeout while it waits for a stalled camera.
 *
 * A second TERM interrupts its writes too: the fragment it still held was lost (26 frames, measured). So that one
 * comes only when the first had longer than the socket timeout, and KILL last.
 */
export const defaultStopTimes: StopTimes = { secondTermAfterMillis: 4_500, killAfterMillis: 6_000 }

/** A process of FFmpeg in a session of its own: it holds no pipe of ours and does not hear our Ctrl-C. */
export class RunProcess {
  readonly pid: number
  readonly exited: Effect.Effect<ProcessExit>
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child
    this.pid = pid
    const exit = new Promise<ProcessExit>((resolve) => {
      child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }))
    })
    this.exited = Effect.promise(() => exit)
  }

  /**
   * Starts the program with its output and errors going to the given descriptor.
   *
   * The environment holds nothing but PATH and UTC: no secret reaches `/proc/<pid>/environ`.
   */
  static start(
    program: string,
    programArguments: ReadonlyArray<string>,
    logDescriptor: number,
  ): Effect.Effect<RunProcess, SpawnFailed> {
    return Effect.callback<RunProcess, SpawnFailed>((resume) => {
      const child = spawn(program, programArguments, {
        detached: true,
        stdio: ["ignore", logDescriptor, logDescriptor],
        env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", TZ: "UTC", LC_ALL: "C" },
      })
      child.once("spawn", () => {
        child.unref()
        resume(Effect.succeed(new RunProcess(child, child.pid ?? 0)))
      })
      child.once("error", (error) => {
        resume(Effect.fail(new SpawnFailed({ program, reason: error.message })))
      })
    })
  }

  /** Sends TERM, TERM and KILL until the process is gone; uninterruptible sleep of the kernel can outlast it. */
  stop(times: StopTimes): Effect.Effect<ProcessExit> {
    const signalAfter = (millis: number, signal: NodeJS.Signals) =>
      Effect.sleep(millis).pipe(Effect.andThen(Effect.sync(() => this.#child.kill(signal))))
    return Effect.sync(() => this.#child.kill("SIGTERM")).pipe(
      Effect.andThen(
        Effect.raceFirst(
          this.exited,
          signalAfter(times.secondTermAfterMillis, "SIGTERM").pipe(
            Effect.andThen(signalAfter(times.killAfterMillis - times.secondTermAfterMillis, "SIGKILL")),
            Effect.andThen(Effect.never),
          ),
        ),
      ),
    )
  }
}
