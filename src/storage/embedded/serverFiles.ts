import { spawn } from "node:child_process"
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs"
import * as Effect from "effect/Effect"
import type { Binaries } from "./binaries.ts"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import type { ServerUser } from "./serverUser.ts"

/** The only role of the embedded server; nobody but the owner of the socket directory can connect. */
export const serverRole = "vigia"

const longestLogBytes = 1_048_576

/** Nothing of Vigia's environment, which may hold secrets, reaches the server. */
export const serverEnvironment = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" }

/** Opens the server's log to append; one that grew over 1 MiB starts anew. */
export const openLog = (path: string): number => {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return openSync(path, size > longestLogBytes ? "w" : "a", 0o600)
}

/** The last lines of the server's log, which say why it ended. */
export const lastLinesOf = (path: string): string =>
  readFileSync(path, "utf8").trimEnd().split("\n").slice(-4).join(" | ").slice(-800)

/** Makes an empty database cluster; it stands complete under its name, or not there at all. */
export const initialize = (options: {
  readonly binaries: Binaries
  readonly dataDirectory: string
  readonly user: ServerUser | undefined
  readonly logPath: string
}): Effect.Effect<void, EmbeddedPostgresError> =>
  Effect.callback<void, EmbeddedPostgresError>((resume) => {
    const unfinished = `${options.dataDirectory}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(unfinished, { mode: 0o700 })
    if (options.user !== undefined) chownSync(unfinished, options.user.uid, options.user.gid)
    const log = openLog(options.logPath)
    const child = spawn(
      options.binaries.initdb,
      ["-D", unfinished, "-U", serverRole, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-instructions"],
      { ...options.user, cwd: "/", env: serverEnvironment, stdio: ["ignore", log, log] },
    )
    closeSync(log)
    const failed = (reason: string): void =>
      resume(Effect.fail(new EmbeddedPostgresError({ message: `PostgreSQL's initdb failed: ${reason}` })))
    child.once("error", (error) => failed(error.message))
    child.once("exit", (code) => {
      if (code !== 0) return failed(lastLinesOf(options.logPath))
      renameSync(unfinished, options.dataDirectory)
      resume(Effect.void)
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
