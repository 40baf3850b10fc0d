import { readFileSync } from "node:fs"
import { allPids, processStartTicks } from "../../src/recorder/processes.ts"

/** Whether a process with this pid lives; a zombie does not. */
export const isProcessAlive = (pid: number): boolean => processStartTicks(pid) !== null

const parentOf = (pid: number): number | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return null
    throw error
  }
}

/** The living children of a process, whatever they do. The runs of a service need not be among them. */
export const childrenOf = (parentPid: number): ReadonlyArray<number> =>
  allPids().filter((pid) => parentOf(pid) === parentPid && isProcessAlive(pid))
