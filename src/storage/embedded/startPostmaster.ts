import { spawn } from "node:child_process"
import { chownSync, closeSync, mkdirSync } from "node:fs"
import * as Effect from "effect/Effect"
import type { Binaries } from "./binaries.ts"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import { openLog, serverEnvironment } from "./serverFiles.ts"
import type { ServerUser } from "./serverUser.ts"

/** Few processes and little memory: the catalog is small. Durability stays at PostgreSQL's defaults. */
const smallServer: Readonly<Record<string, string>> = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  max_connections: "50",
  shared_buffers: "32MB",
  max_wal_size: "128MB",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_parallel_workers: "0",
  max_logical_replication_workers: "0",
  io_method: "sync",
  jit: "off",
  log_checkpoints: "off",
  // Statements could carry what nobody should read in a log.
  log_min_error_statement: "panic",
  timezone: "UTC",
  log_timezone: "UTC",
}

/**
 * Starts the postmaster in a session of its own and returns its pid; it may still end before it is ready.
 *
 * Its output goes straight to the log file, so it needs nothing of this process to go on.
 */
export const startPostmaster = (options: {
  readonly binaries: Binaries
  readonly dataDirectory: string
  readonly socketDirectory: string
  readonly logPath: string
  readonly user: ServerUser | undefined
  readonly parameters: Readonly<Record<string, string>>
}): Effect.Effect<number, EmbeddedPostgresError> =>
  Effect.callback<number, EmbeddedPostgresError>((resume) => {
    if (
      mkdirSync(options.socketDirectory, { recursive: true, mode: 0o700 }) !== undefined &&
      options.user !== undefined
    ) {
      chownSync(options.socketDirectory, options.user.uid, options.user.gid)
    }
    const parameters = {
      ...smallServer,
      unix_socket_directories: options.socketDirectory,
      ...options.parameters,
    }
    const log = openLog(options.logPath)
    const child = spawn(
      options.binaries.postgres,
      [
        "-D",
        options.dataDirectory,
        ...Object.entries(parameters).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      { ...options.user, cwd: "/", env: serverEnvironment, detached: true, stdio: ["ignore", log, log] },
    )
    closeSync(log)
    child.once("error", (error) =>
      resume(
        Effect.fail(
          new EmbeddedPostgresError({
            message: `Cannot start ${options.binaries.postgres}: ${error.message}`,
          }),
        ),
      ),
    )
    child.once("spawn", () => {
      child.unref()
      if (child.pid !== undefined) resume(Effect.succeed(child.pid))
    })
  })
