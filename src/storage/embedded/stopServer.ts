import * as Effect from "effect/Effect"
import { removeSocketDirectory } from "./placement.ts"
import { isPostmasterOf, readPostmaster } from "./postmaster.ts"
import { waitUntil } from "./waitUntil.ts"

/** Fast shutdown, then immediate shutdown (postgres(1), section "Notes"); both keep every committed row. */
const shutdowns = [
  { signal: "SIGINT", timeout: "30 seconds" },
  { signal: "SIGQUIT", timeout: "5 seconds" },
] as const

const hasEnded = Effect.fnUntraced(function* (pid: number, dataDirectory: string) {
  for (const { signal, timeout } of shutdowns) {
    if (!isPostmasterOf(pid, dataDirectory)) return true
    process.kill(pid, signal)
    yield* Effect.timeoutOption(
      waitUntil(() => !isPostmasterOf(pid, dataDirectory)),
      timeout,
    )
  }
  return !isPostmasterOf(pid, dataDirectory)
})

/**
 * Stops the server of a data directory and waits for its end.
 *
 * @param spawnedPid a postmaster that may not have written its pid file yet
 */
export const stopServer = Effect.fnUntraced(function* (
  dataDirectory: string,
  spawnedPid: number | undefined,
  socketDirectory: string | undefined,
) {
  const pids = new Set([readPostmaster(dataDirectory)?.pid ?? 0, spawnedPid ?? 0])
  for (const pid of pids) {
    if (!(yield* hasEnded(pid, dataDirectory))) {
      yield* Effect.logError(`The embedded PostgreSQL (pid ${pid}) did not end`)
      return
    }
  }
  if (socketDirectory !== undefined) removeSocketDirectory(socketDirectory)
})
