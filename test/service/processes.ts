import { readdirSync, readFileSync } from "node:fs"

/** The fields of `/proc/<pid>/stat` after the name (proc(5)), or null where the process has gone. */
const statOf = (pid: number): ReadonlyArray<string> | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return null
    throw error
  }
}

/** Whether a process lives; a zombie does not. */
export const isProcessAlive = (pid: number): boolean => ![undefined, "Z", "X"].includes(statOf(pid)?.[0])

/** The living children of a process, in ascending order. */
export const childrenOf = (parentPid: number): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.[1] === String(parentPid) && isProcessAlive(pid))
    .toSorted((a, b) => a - b)
