import { type ChildProcessByStdio, spawn } from "node:child_process"
import type { Readable, Writable } from "node:stream"

/**
 * `data`: fdatasync(2), the bytes and the size of files. `whole`: fsync(2), everything of files and directories.
 * `file_system`: syncfs(2), everything on the file systems of the paths.
 */
export type SyncKind = "data" | "whole" | "file_system"

/** What sync(1) of coreutils is told; `--` is no option at all. */
const options: Readonly<Record<SyncKind, string>> = { data: "-d", whole: "--", file_system: "-f" }

/**
 * One line in; what could not be synced, and a line with a full stop, out.
 *
 * A second try goes path by path, since a file that is gone may end sync(1) before the others. The directory is
 * entered for each line and left again, so that it can be unmounted, and found again when it is mounted anew.
 */
const script = `set -f
while read -r option paths; do
  if cd "$1" 2>&1; then
    sync $option $paths 2>&1 || for path in $paths; do sync $option "$path" 2>&1; done
    cd /
  fi
  echo .
done`

/** All that is ever synced: the directory itself, and what lies below it under our own names. */
const ownPath =
  /^(?:\.|cam_[1-9]\d*(?:\/\d{4}-\d\d-\d\d(?:\/[\d-]+\.(?:mp4|idx))?|\/\.runs(?:\/[\da-f-]{36}(?:\/\d{6,}\.idx)?)?)?)$/

/** Whether a path, relative to the recordings directory, is one that a shell may be told. */
export const isOwnPath = (path: string): boolean => ownPath.test(path)

/** From the end of its input until it is killed: a sync that hangs does not hear of the end. */
const endPatienceMillis = 500

type Child = ChildProcessByStdio<Writable, Readable, null>

interface Asked {
  readonly resolve: (complaints: ReadonlyArray<string>) => void
  readonly reject: (error: Error) => void
}

/**
 * Runs sync(1) in a long-lived shell of its own, one request at a time.
 *
 * A sync that hangs then costs the service neither a thread nor memory. The shell starts with the first request, is
 * replaced after it died, and ends with the service, since its input ends then. It inherits no descriptor and no
 * variable but PATH.
 */
export class SyncShell {
  readonly #directory: string
  #child: Child | null = null
  #asked: Asked | null = null
  #output = ""

  /** @param directory absolute path of the recordings directory */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Of the shell; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /**
   * Resolves with what could not be synced, a line each; files that are gone are not among it.
   *
   * Rejects when the shell dies or does not start. Paths are relative to the directory, at least one.
   */
  ask(kind: SyncKind, paths: ReadonlyArray<string>): Promise<ReadonlyArray<string>> {
    const foreign = paths.find((path) => !isOwnPath(path))
    if (foreign !== undefined || paths.length === 0 || this.#asked !== null) {
      throw new Error(`a sync that must not be: ${foreign ?? `${paths.length} paths`}`)
    }
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject }
      this.#child ??= this.#start()
      this.#child.stdin.write(`${options[kind]} ${paths.join(" ")}\n`)
    })
  }

  /** Ends the shell; resolves when it is gone, or after a second in which even KILL did not help. */
  async end(): Promise<void> {
    const child = this.#child
    if (child === null) return
    const gone = new Promise((resolve) => child.once("close", resolve))
    const within = (millis: number) =>
      new Promise((passed) => {
        const timer = setTimeout(passed, millis)
        void gone.then(() => clearTimeout(timer))
      })
    child.stdin.end()
    await Promise.race([gone, within(endPatienceMillis)])
    if (this.#child === null) return
    killGroup(child.pid)
    await Promise.race([gone, within(endPatienceMillis)])
    child.unref()
    child.stdout.destroy()
  }

  #start(): Child {
    const child = spawn("/bin/sh", ["-c", script, "vigia-sync", this.#directory], {
      // A session of its own: a terminal's Ctrl-C is not for it, and KILL reaches the sync(1) that it waits for.
      detached: true,
      cwd: "/",
      stdio: ["pipe", "pipe", "ignore"],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
    })
    const died = (reason: string) => {
      if (this.#child !== child) return
      this.#child = null
      this.#output = ""
      const asked = this.#asked
      this.#asked = null
      asked?.reject(new Error(`the process that syncs ${reason}`))
    }
    // Writing to a shell that has just died; its end is told by `close`.
    child.stdin.on("error", () => {})
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.#read(text))
    child.once("error", (error) => died(`did not start: ${error.message}`))
    child.once("close", (code, signal) => died(`ended (${signal ?? code})`))
    return child
  }

  #read(text: string): void {
    this.#output += text
    if (!/^\.\n/m.test(this.#output)) return
    const complaints = this.#output.split("\n").filter((line) => !isHarmless(line))
    this.#output = ""
    const asked = this.#asked
    this.#asked = null
    asked?.resolve(complaints)
  }
}

const isHarmless = (line: string): boolean =>
  line === "" || line === "." || line.endsWith(": No such file or directory")

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It has just ended.
  }
}
