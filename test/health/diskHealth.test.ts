import { describe, expect, it } from "vitest"
import { diskHealth } from "../../src/health/diskHealth.ts"
import type { ProcessCost } from "../../src/health/ProcessCosts.ts"

const cost = (writtenBytesPerSecond: number | null): ProcessCost => ({
  cpuPercent: 1,
  residentBytes: 1,
  readBytesPerSecond: 10,
  writtenBytesPerSecond,
})

const sync = {
  isInFlight: false,
  lastMillis: null,
  slowestMillis: 0,
  recentMillis: [],
  completed: 0,
  failed: 0,
  skipped: 0,
  pid: null,
}

const disk = (costs: ReadonlyArray<ProcessCost | null>) =>
  diskHealth(
    { space: null, error: null, state: "ok", isRecordingStopped: false, obstacle: null, probedAtMillis: 0 },
    { warningPercent: 80, criticalPercent: 90, reserveBytes: 0 },
    { growing: sync, rows: sync },
    costs,
  )

describe("the disk I/O of the service", () => {
  it("is the sum of all that write, without those that have just begun", () => {
    expect(disk([cost(1000), cost(200), null])).toMatchObject({
      writtenBytesPerSecond: 1200,
      readBytesPerSecond: 20,
    })
  })

  it("is not measured where one of them is not, or nothing is", () => {
    expect(disk([cost(1000), cost(200), cost(null)])).toMatchObject({
      writtenBytesPerSecond: null,
      readBytesPerSecond: 30,
    })
    expect(disk([cost(1000), ...Array.from({ length: 50 }, () => cost(null))])).toMatchObject({
      writtenBytesPerSecond: null,
    })
    expect(disk([null])).toMatchObject({ writtenBytesPerSecond: null, readBytesPerSecond: null })
  })
})
