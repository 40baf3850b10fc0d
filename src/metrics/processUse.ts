import { readdirSync, readFileSync } from "node:fs"

/** What this process uses; null where the kernel does not tell. */
export interface ProcessUse {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  readonly externalBytes: number
  readonly openFiles: number | null
  readonly openFilesLimit: number | null
}

const orNull = <Value>(read: () => Value): Value | null => {
  try {
    return read()
  } catch {
    return null
  }
}

const openFilesLimit = (): number | null => {
  const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? []
  return limit === undefined ? null : Number(limit)
}

/** Asks the kernel and the runtime: about 0.1 ms. */
export const readProcessUse = (): ProcessUse => {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    externalBytes: external,
    openFiles: orNull(() => readdirSync("/proc/self/fd").length),
    openFilesLimit: orNull(openFilesLimit),
  }
}
