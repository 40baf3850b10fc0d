import { readFileSync, readdirSync } from "node:fs"

/** `sysconf(_SC_CLK_TCK)` of Linux, in which `/proc/<pid>/stat` counts (proc(5)). */
const ticksPerSecond = 100

const statFields = (pid: number): ReadonlyArray<string> => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
}

/** CPU time of a process and all its threads since its start, user and system. */
export const cpuSeconds = (pid: number): number => {
  const fields = statFields(pid)
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** CPU time of a process and of all children of its that have ended. */
export const cpuSecondsWithEnded = (pid: number): number => {
  const fields = statFields(pid)
  return cpuSeconds(pid) + (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

/** For how long a process has been ready to run without a processor, all its threads (`schedstat` of Linux). */
export const waitedSeconds = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const [, waitedNanos] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")
    return sum + Number(waitedNanos) / 1e9
  }, 0)

/** Resident memory of a process. */
export const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024

/** Direct children of a process whose command has this name. */
export const childrenNamed = (parent: number, name: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          Number(statFields(pid)[1]) === parent && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name
        )
      } catch {
        // The process ended while the list was read.
        return false
      }
    })
