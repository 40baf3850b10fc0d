import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"

/** What a data directory's `postmaster.pid` says (storage/lmgr `pidfile.h` of PostgreSQL, lines 1, 4, 5 and 8). */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly socketDirectory: string
  readonly status: string
}

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    // ESRCH: the process ended between the open and the read (proc(5)).
    if (code === "ENOENT" || code === "ESRCH") return undefined
    throw error
  }
}

/** The server that last started on a data directory, alive or not; undefined after a clean end. */
export const readPostmaster = (dataDirectory: string): Postmaster | undefined => {
  const lines = readText(join(dataDirectory, "postmaster.pid"))
    ?.split("\n")
    .map((line) => line.trim())
  const pid = Number(lines?.[0])
  if (lines === undefined || !Number.isSafeInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[3] ?? "5432"), socketDirectory: lines[4] ?? "", status: lines[7] ?? "" }
}

/**
 * Whether a pid is the postmaster of a data directory, and not another process that was given its number.
 *
 * Its command line names the directory; its workers rename theirs (`postgres: checkpointer`).
 */
export const isPostmasterOf = (pid: number, dataDirectory: string): boolean => {
  const argv = readText(`/proc/${pid}/cmdline`)?.split("\0") ?? []
  return argv[0]?.endsWith("/postgres") === true && argv.includes(dataDirectory)
}

const directoryOf = (pid: string): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    // Ended meanwhile, a zombie, or of another user: not a process of our server.
    return undefined
  }
}

/**
 * Processes that work in a data directory: the postmaster and its workers, which may outlive it for a moment.
 *
 * All of them change into the directory at start. Starting a second server beside them would corrupt the data.
 */
export const processesIn = (dataDirectory: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && directoryOf(entry) === dataDirectory)
    .map(Number)
