import { readFileSync } from "node:fs"
import { allPids, commandLineOf, processStartTicks } from "../../src/recorder/processes.ts"

/** Session of a process, named by its leader (proc(5), field 6); null where it has ended. */
const sessionOf = (pid: number): number | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3])
  } catch {
    return null
  }
}

/** Pids of the guards of a recordings directory: holding its lock, or waiting for the end of a lease. */
export const guardsOf = (recordingDirectory: string): ReadonlyArray<number> =>
  allPids().filter((pid) => {
    const command = commandLineOf(pid) ?? []
    return (
      command.includes(recordingDirectory) &&
      command.some((part) => part.endsWith("/guard.sh")) &&
      processStartTicks(pid) !== null
    )
  })

/** How many seconds each guard of a recordings directory waits now, as `sleep` was told. */
export const waitsOfGuards = (recordingDirectory: string): ReadonlyArray<string> => {
  const guards = guardsOf(recordingDirectory)
  return allPids().flatMap((pid) => {
    const [program, seconds = ""] = commandLineOf(pid) ?? []
    const session = program === "sleep" ? sessionOf(pid) : null
    return session !== null && guards.includes(session) ? [seconds] : []
  })
}

/** Ends the guards of a recordings directory with all that they run, such as the wait for the end of a lease. */
export const endGuardsOf = (recordingDirectory: string): void => {
  for (const pid of guardsOf(recordingDirectory)) {
    try {
      process.kill(-pid, "SIGKILL")
    } catch (error) {
      // It has just ended by itself.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error
    }
  }
}
