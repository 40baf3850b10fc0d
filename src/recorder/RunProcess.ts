import { type ChildProcess, spawn } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { endProcess, processGone } from "./endProcess.ts"
import { type ProcessIdentity, processStartTicks } from "./processes.ts"
import type { StopTimes } from "./stopTimes.ts"

/** FFmpeg could not be started at all: not installed, not executable, out of processes. */
export class SpawnFailed extends Schema.TaggedError<SpawnFailed>()("SpawnFailed", {
  program: Schema.String,
  reason: Schema.String,
}) {}

/** How a process ended; both are null for one that was adopted, whose exit status went to its parent. */
export interface ProcessExit {
  readonly exitCode: number | null
  readonly signal: string | null
}

/** A process of FFmpeg, our child or adopted. */
export interface RunProcess extends ProcessIdentity {
  /** Done when the process is gone; an adopted one is noticed within 0.2 s. */
  readonly exited: Effect.Effect<ProcessExit>
  /** Sends TERM, TERM and KILL until the process is gone; uninterruptible sleep of the kernel can outlast it. */
  readonly stop: (times: StopTimes) => Effect.Effect<ProcessExit>
}

/** Takes over a process that an earlier life of the service started. */
export const adoptProcess = (identity: ProcessIdentity): RunProcess => {
  const exited = Effect.as(processGone(identity), { exitCode: null, signal: null })
  return {
    pid: identity.pid,
    processStartTicks: identity.processStartTicks,
    exited,
    stop: (times) => Effect.andThen(endProcess(identity, times), exited),
  }
}

const ofChild = (child: ChildProcess, identity: ProcessIdentity): RunProcess => {
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }))
  })
  const exited = Effect.promise(() => exit)
  return {
    ...identity,
    exited,
    stop: (times) => Effect.andThen(Effect.raceFirst(exited, endProcess(identity, times)), exited),
  }
}

/**
 * Starts a program in a session of its own, its output and errors going to the given descriptor.
 *
 * It holds no pipe of ours and does not hear our Ctrl-C. Its environment holds nothing but PATH and UTC: no secret
 * reaches `/proc/<pid>/environ`.
 */
export const startProcess = (
  program: string,
  programArguments: ReadonlyArray<string>,
  logDescriptor: number,
): Effect.Effect<RunProcess, SpawnFailed> =>
  Effect.callback<RunProcess, SpawnFailed>((resume) => {
    const child = spawn(program, programArguments, {
      detached: true,
      stdio: ["ignore", logDescriptor, logDescriptor],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", TZ: "UTC", LC_ALL: "C" },
    })
    child.once("spawn", () => {
      child.unref()
      const pid = child.pid ?? 0
      resume(Effect.succeed(ofChild(child, { pid, processStartTicks: processStartTicks(pid) ?? "" })))
    })
    child.once("error", (error) => {
      resume(Effect.fail(new SpawnFailed({ program, reason: error.message })))
    })
  })
