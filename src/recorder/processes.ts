import { readFileSync, readdirSync, readlinkSync } from "node:fs"

/** A process as the kernel tells it from every other, also from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of `/proc/<pid>/stat` (proc(5)), in clock ticks since boot. */
  readonly processStartTicks: string
}

/** The kernel's identity of this boot and this pid namespace (proc(5)). */
export const readHostIdentity = (): { readonly bootId: string; readonly pidNamespace: string } => ({
  bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  pidNamespace: readlinkSync("/proc/self/ns/pid"),
})

/** A process that ended meanwhile, or that is not ours to look at, is none. */
const readOrNull = (read: () => string): string | null => {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return null
    throw error
  }
}

/** Start time of a living process in ticks; null where there is none, or only its exit status is left. */
export const processStartTicks = (pid: number): string | null => {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  if (stat === null) return null
  // The name in parentheses may hold spaces and parentheses itself: fields count from the last one.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return state === "Z" || state === "X" ? null : (fields[18] ?? null)
}

/** The command line of a process (proc(5)), its program first; null where there is no such process. */
export const commandLineOf = (pid: number): ReadonlyArray<string> | null => {
  const text = readOrNull(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))
  return text === null || text === "" ? null : text.replace(/\0$/, "").split("\0")
}

/** The pid namespace in which a process lives; null where it cannot be told. */
export const pidNamespaceOf = (pid: number): string | null =>
  readOrNull(() => readlinkSync(`/proc/${pid}/ns/pid`))

/** Whether just this process lives: not merely one with its pid. */
export const isProcessAlive = ({ pid, processStartTicks: ticks }: ProcessIdentity): boolean =>
  processStartTicks(pid) === ticks

/** Signals just this process; false when it is gone. Throws when the kernel refuses (`EPERM`). */
export const signalProcess = (process_: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isProcessAlive(process_)) return false
  try {
    return process.kill(process_.pid, signal)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false
    throw error
  }
}

/** All pids of this machine that can be seen from here. */
export const allPids = (): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
