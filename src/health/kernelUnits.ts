import { readFileSync } from "node:fs"

/** In what the kernel counts for `/proc`. */
export interface KernelUnits {
  readonly pageBytes: number
  readonly ticksPerSecond: number
}

/** Keys of the auxiliary vector (getauxval(3)). */
const pageSizeKey = 6n
const clockTicksKey = 17n
const entryBytes = 16

/** Reads the page size and the clock ticks of this machine, as the kernel gave them to this process. */
export const readKernelUnits = (): KernelUnits => {
  const vector = readFileSync("/proc/self/auxv")
  const entries = new Map<bigint, number>()
  for (let at = 0; at + entryBytes <= vector.length; at += entryBytes) {
    entries.set(vector.readBigUInt64LE(at), Number(vector.readBigUInt64LE(at + entryBytes / 2)))
  }
  return {
    pageBytes: entries.get(pageSizeKey) ?? 4096,
    ticksPerSecond: entries.get(clockTicksKey) ?? 100,
  }
}
