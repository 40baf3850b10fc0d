import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, realpathSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import {
  commandLineOf,
  isProcessAlive,
  type ProcessIdentity,
  processStartTicks,
} from "../recorder/processes.ts"
import { closeLockFiles, type LockFiles, openLockFiles } from "./lockFiles.ts"

/** The directories of a service, absolute, and how long its runs go on without it. */
export interface GuardSettings {
  readonly recordingDirectory: string
  readonly stateDirectory: string
  readonly leaseMillis: number
}

/** Another process holds the lock of a directory now; for the state directory, that of the recordings was free. */
export class LockRefused extends Schema.TaggedError<LockRefused>()("LockRefused", {
  directory: Schema.Literals(["recordings", "state"]),
}) {}

/** No lock can be taken here at all: sh(1) or flock(1) is missing, or a file cannot be opened or locked. */
export class GuardUnusable extends Schema.TaggedError<GuardUnusable>()("GuardUnusable", {
  reason: Schema.String,
}) {
  override get message(): string {
    return `Cannot lock the directories of the service: ${this.reason}`
  }
}

const script = fileURLToPath(new URL("./guard.sh", import.meta.url))
const warden = fileURLToPath(new URL("../warden.ts", import.meta.url))
const exitCodes: Readonly<Record<number, LockRefused["directory"]>> = { 11: "recordings", 12: "state" }
const longestLogBytes = 1_048_576
const stopTimeout = "2 seconds"

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Opens the log of the guards to append; one that grew over 1 MiB starts anew. */
const openLog = (stateDirectory: string): number => {
  const path = join(stateDirectory, "guard.log")
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return openSync(path, sizeBytes > longestLogBytes ? "w" : "a", 0o600)
}

const spawnGuard = (settings: GuardSettings, files: LockFiles): ChildProcess => {
  const log = openLog(settings.stateDirectory)
  try {
    return spawn(
      "/bin/sh",
      [
        script,
        settings.recordingDirectory,
        settings.stateDirectory,
        String(Math.ceil(settings.leaseMillis / 1000)),
        process.execPath,
        warden,
      ],
      {
        cwd: "/",
        detached: true,
        env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
        stdio: ["pipe", "pipe", log, files.marker.descriptor, files.state.descriptor],
      },
    )
  } finally {
    closeSync(log)
  }
}

/**
 * The process that belongs to one life of the service and outlives it: see `guard.sh`.
 *
 * It holds the locks from `locked` on until it ends or this process is gone.
 */
export class GuardProcess {
  /** Done when both locks are held; fails when the guard ended instead. */
  readonly locked: Effect.Effect<void, LockRefused | GuardUnusable>
  /** Done when the guard has ended, whatever the reason. */
  readonly exited: Effect.Effect<void>
  readonly #child: ChildProcess
  readonly #files: LockFiles

  private constructor(child: ChildProcess, files: LockFiles) {
    this.#child = child
    this.#files = files
    // What remains to be said to a guard that has ended is not said; its end is known from its exit.
    child.stdin?.on("error", () => child.stdin?.destroy())
    const handshake = new Promise<string>((resolve) => {
      let said = ""
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        said += text
        if (said === "locked\n") resolve(said)
      })
      child.once("close", () => resolve(said))
      child.once("error", (error) => resolve(error.message))
    })
    const exit = new Promise<void>((resolve) => {
      child.once("exit", () => resolve())
      child.once("error", () => resolve())
    })
    this.exited = Effect.promise(() => exit)
    this.locked = Effect.flatMap(
      Effect.promise(() => handshake),
      (said) => this.#judge(said),
    )
  }

  /** Starts a guard, which tries to lock the directories once. */
  static start(settings: GuardSettings): Effect.Effect<GuardProcess, GuardUnusable> {
    return Effect.try({
      try: () => {
        const files = openLockFiles(settings.recordingDirectory, settings.stateDirectory)
        try {
          return new GuardProcess(spawnGuard(settings, files), files)
        } finally {
          closeLockFiles(files)
        }
      },
      catch: (error) => new GuardUnusable({ reason: reasonOf(error) }),
    })
  }

  get identity(): ProcessIdentity {
    const pid = this.#child.pid ?? 0
    return { pid, processStartTicks: processStartTicks(pid) ?? "" }
  }

  /** Ends the guard, and with it the locks: nothing is left to watch over. */
  get stop(): Effect.Effect<void> {
    return Effect.sync(() => this.#child.stdin?.end("stopped\n")).pipe(
      Effect.andThen(this.exited),
      Effect.timeoutOption(stopTimeout),
      Effect.andThen(Effect.sync(() => this.#child.kill("SIGKILL"))),
    )
  }

  /** Lets the guard go on without this service: the locks are free and the lease begins, as after a crash. */
  leave(): void {
    this.#child.stdin?.end()
  }

  #judge(said: string): Effect.Effect<void, LockRefused | GuardUnusable> {
    if (said === "locked\n") {
      // Neither the guard nor its pipes keep this process alive.
      this.#child.stdout?.destroy()
      this.#child.unref()
      // The first start of another service may just have replaced the marker.
      const { marker, state } = this.#files
      if (marker.isInPlace() && state.isInPlace()) return Effect.void
      return Effect.fail(new LockRefused({ directory: marker.isInPlace() ? "state" : "recordings" }))
    }
    const directory = exitCodes[this.#child.exitCode ?? -1]
    if (directory !== undefined) return Effect.fail(new LockRefused({ directory }))
    return Effect.fail(
      new GuardUnusable({
        reason: said.trim() || `the guard ended by ${this.#child.signalCode ?? "itself"}`,
      }),
    )
  }
}

/** Where a path leads, by whatever links; null where it leads nowhere. */
const realPathOf = (path: string): string | null => {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

/**
 * Ends the guard of an earlier life, whose lease is over now that its runs are taken over.
 *
 * Only a process that still is that guard, with what it runs: its number may long be another's.
 */
export const endEarlierGuard = (guard: ProcessIdentity, recordingDirectory: string): void => {
  const command = commandLineOf(guard.pid) ?? []
  const [, program, recordings = ""] = command
  const isGuard =
    program?.endsWith("/guard.sh") === true && realPathOf(recordings) === realPathOf(recordingDirectory)
  if (!isGuard || !isProcessAlive(guard)) return
  try {
    process.kill(-guard.pid, "SIGKILL")
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error
  }
}
