import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { readKernelUnits } from "../../src/health/kernelUnits.ts"
import { ProcessCosts } from "../../src/health/ProcessCosts.ts"
import { type ProcessReading, readProcess } from "../../src/health/processReading.ts"

/** A kernel that says what the test wants. */
const kernel = () => {
  const processes = new Map<number, ProcessReading>()
  const set = (pid: number, startTicks: string, cpuSeconds: number, writtenBytes: number) =>
    processes.set(pid, {
      startTicks,
      cpuSeconds,
      residentBytes: 1000,
      io: { readBytes: 0, writtenBytes },
    })
  return {
    set,
    end: (pid: number) => processes.delete(pid),
    read: (pid: number) => processes.get(pid) ?? null,
  }
}

const pids = new Map([["camera", 7]])

describe("ProcessCosts", () => {
  it("counts from the second sample on, over the last 10 s", () => {
    const { set, read } = kernel()
    const costs = new ProcessCosts<string>(read)
    const found = [0, 5, 5.5, 6, 6.2].map((cpuSeconds, at) => {
      set(7, "1", cpuSeconds, 1000 * cpuSeconds + 1)
      costs.sample(pids, at * 5000)
      return costs.of("camera")
    })
    expect(found[0]).toBe(null)
    expect(found[1]).toMatchObject({ cpuPercent: 100, writtenBytesPerSecond: 1000 })
    const cost = costs.of("camera")
    expect(cost?.cpuPercent).toBeCloseTo(7, 9)
    expect(cost?.writtenBytesPerSecond).toBeCloseTo(70, 9)
  })

  it("begins anew with another process, also of the same pid, and where a counter went back", () => {
    const { set, read } = kernel()
    const costs = new ProcessCosts<string>(read)
    const sampled = (atMillis: number) => {
      costs.sample(pids, atMillis)
      return costs.of("camera")?.cpuPercent ?? null
    }
    set(7, "1", 100, 5)
    sampled(0)
    set(7, "2", 200, 5)
    expect(sampled(5000)).toBe(null)
    set(7, "2", 201, 5)
    expect(sampled(10_000)).toBe(20)
    set(7, "2", 0.5, 5)
    expect(sampled(15_000)).toBe(null)
    set(8, "2", 0.5, 5)
    costs.sample(new Map([["camera", 8]]), 20_000)
    expect(costs.of("camera")).toBe(null)
  })

  it("knows nothing of a process that ended, and of bytes that the file system does not count", () => {
    const { set, end, read } = kernel()
    const costs = new ProcessCosts<string>(read)
    set(7, "1", 1, 0)
    costs.sample(pids, 0)
    set(7, "1", 2, 0)
    costs.sample(pids, 5000)
    expect(costs.of("camera")).toMatchObject({ cpuPercent: 20, writtenBytesPerSecond: null })
    end(7)
    costs.sample(pids, 10_000)
    expect(costs.of("camera")).toBe(null)
  })
})

describe("ProcessCosts of what records", () => {
  /** A fragment of 500 kB a second, a log of 20 bytes, and what the kernel counts of both. */
  const written = (countedShare: number) => {
    const { set, read } = kernel()
    let grownBytes = 3_000_000_000
    const costs = new ProcessCosts<string>(read, () => grownBytes)
    return Array.from({ length: 6 }, (_, at) => {
      set(7, "1", at, 20 * at + countedShare * 500_000 * 5 * at)
      // The last fragment is not seen yet.
      if (at > 1) grownBytes += 5 * 500_000
      costs.sample(pids, at * 5000)
      return costs.of("camera")?.writtenBytesPerSecond ?? null
    })
  }

  it("says nothing where the file system counts the log alone (tmpfs, FUSE)", () => {
    // At first nothing was recorded, and nothing written.
    expect(written(0)).toEqual([null, 4, null, null, null, null])
    expect(written(0.1).slice(2)).toEqual([null, null, null, null])
  })

  it("says what the kernel counts where that holds the recordings", () => {
    expect(written(1)).toEqual([null, ...Array.from({ length: 5 }, () => 500_004)])
  })

  it("judges the next process by its own files", () => {
    const { set, read } = kernel()
    let grownBytes = 0
    const costs = new ProcessCosts<string>(read, () => grownBytes)
    for (const at of [0, 1, 2]) {
      set(7, "1", at, 10)
      grownBytes += 1_000_000
      costs.sample(pids, at * 5000)
    }
    expect(costs.of("camera")).toMatchObject({ writtenBytesPerSecond: null })
    for (const at of [3, 4]) {
      set(7, "2", at, at * 1_000_000)
      if (at === 4) grownBytes += 1_000_000
      costs.sample(pids, at * 5000)
    }
    expect(costs.of("camera")).toMatchObject({ writtenBytesPerSecond: 200_000 })
  })
})

describe("readProcess", () => {
  const units = readKernelUnits()

  it("reads this process as its runtime does", () => {
    const reading = readProcess(process.pid, units)
    const { user, system } = process.cpuUsage()
    expect(Math.abs((reading?.cpuSeconds ?? NaN) - (user + system) / 1e6)).toBeLessThan(0.5)
    expect(reading?.residentBytes).toBeGreaterThan(0.5 * process.memoryUsage.rss())
    expect(reading?.residentBytes).toBeLessThan(2 * process.memoryUsage.rss())
    expect(reading?.io).not.toBe(null)
  })

  it("finds none where a process has ended, and reads one whose name holds parentheses", async () => {
    const child = spawn("sh", ["-c", "printf 'a) b (c' > /proc/self/comm; echo; read line"], {
      stdio: ["pipe", "pipe", "ignore"],
    })
    const pid = child.pid ?? 0
    await once(child.stdout, "data")
    expect(readProcess(pid, units)?.startTicks).toMatch(/^\d+$/)
    const closed = once(child, "close")
    child.stdin.end("\n")
    await closed
    expect(readProcess(pid, units)).toBe(null)
  })
})
