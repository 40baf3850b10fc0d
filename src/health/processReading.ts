import { readFileSync } from "node:fs"
import type { KernelUnits } from "./kernelUnits.ts"

/** Bytes that a process had read from and written to storage (proc(5), `io`). */
export interface ProcessIo {
  readonly readBytes: number
  readonly writtenBytes: number
}

/** What the kernel counted of a process since its start. */
export interface ProcessReading {
  /** With the pid it tells a process from every other. */
  readonly startTicks: string
  /** User and system time of all its threads. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** Null where the kernel refuses. */
  readonly io: ProcessIo | null
}

/** A process may end, or refuse, between any two reads. */
const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return null
  }
}

const counterOf = (text: string, name: string): number =>
  Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1] ?? 0)

/** What was written and taken back before it reached the disk, such as a file cut short, was not written. */
const ioOf = (text: string): ProcessIo => ({
  readBytes: counterOf(text, "read_bytes"),
  writtenBytes: counterOf(text, "write_bytes") - counterOf(text, "cancelled_write_bytes"),
})

/** Reads the counters of a process; null where there is none, or only its exit status is left. */
export const readProcess = (pid: number, units: KernelUnits): ProcessReading | null => {
  const stat = textOf(`/proc/${pid}/stat`)
  const memory = textOf(`/proc/${pid}/statm`)
  const io = textOf(`/proc/${pid}/io`)
  if (stat === null || memory === null) return null
  // The name in parentheses may hold spaces and parentheses itself: fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  if (fields[0] === "Z" || fields[0] === "X") return null
  return {
    startTicks: fields[19] ?? "",
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / units.ticksPerSecond,
    residentBytes: Number(memory.split(" ")[1]) * units.pageBytes,
    io: io === null ? null : ioOf(io),
  }
}
