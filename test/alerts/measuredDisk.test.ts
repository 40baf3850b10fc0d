import { afterEach, describe, expect, it } from "vitest"
import { diskStateOf, isPressed, roomToFree } from "../../src/cleanup/diskLimits.ts"
import type { DiskReading } from "../../src/cleanup/DiskPressure.ts"
import { diskHealth } from "../../src/health/diskHealth.ts"
import { RecentSyncs } from "../../src/storage/durability/RecentSyncs.ts"
import type { DiskSpace } from "../../src/storage/RecordingsDirectory.ts"
import { AlertsScene } from "./AlertsScene.ts"
import { goodCamera, goodService, reportOf } from "./healthReports.ts"

const limits = { warningPercent: 80, criticalPercent: 90, reserveBytes: 20e9 }
const noSyncs = {
  isInFlight: false,
  lastMillis: null,
  slowestMillis: 0,
  recentMillis: [],
  completed: 0,
  failed: 0,
  skipped: 0,
  pid: null,
}

let scene = new AlertsScene()
afterEach(() => scene.dispose())

const start = async () => {
  scene = new AlertsScene()
  const life = await scene.live()
  await life.seconds(20)
  return life
}

const ofKind = (kind: string) => [...scene.rows.values()].filter((alert) => alert.kind === kind)

/** A disk of 1 TB of which this is free, and what evictions say of it. */
const diskOf = (
  space: Partial<DiskSpace>,
  rest: Partial<DiskReading> = {},
  recentMillis: ReadonlyArray<number> = [],
  reserveBytes = limits.reserveBytes,
) => {
  const settings = { ...limits, reserveBytes }
  const whole: DiskSpace = { totalBytes: 1e12, freeBytes: 6e11, files: null, ...space }
  const reading: DiskReading = {
    space: whole,
    error: null,
    state: diskStateOf(whole, settings),
    obstacle: null,
    isRecordingStopped: false,
    probedAtMillis: 0,
    ...rest,
  }
  const disk = diskHealth(reading, settings, { growing: { ...noSyncs, recentMillis }, rows: noSyncs }, [])
  return { ...goodService, disk }
}

describe("syncs every 5 s", () => {
  /** All of them fast, but for those that take this long, by the second at which they begin. */
  const syncing = async (slow: ReadonlyMap<number, number>, seconds: number) => {
    const life = await start()
    const fromMillis = scene.nowMillis
    life.report = (now) => {
      const syncs = new RecentSyncs()
      let inFlight: number | null = null
      for (let at = 0, ms = fromMillis; ms <= now; at += 5, ms = fromMillis + at * 1000) {
        const tookMillis = 1000 * (slow.get(at) ?? 0.02)
        if (ms + tookMillis > now) inFlight = ms
        else syncs.add({ endedMillis: ms + tookMillis, tookMillis })
      }
      return reportOf(now, [goodCamera(1)], diskOf({}, {}, syncs.millis(now, inFlight)))
    }
    await life.seconds(seconds)
  }

  it("of which one is slow raise no alert, though it counts for a minute", async () => {
    await syncing(new Map([[60, 4.5]]), 300)
    expect(ofKind("write_latency")).toEqual([])
  })

  it("of which one in each minute is slow raise one", async () => {
    await syncing(new Map([60, 110, 160, 210].map((at) => [at, 4.5])), 250)
    expect(ofKind("write_latency")).toMatchObject([{ endedAtMillis: null }])
  })
})

describe("a disk", () => {
  it("that fills up and is relieved again and again is critical only while it is too full", async () => {
    const life = await start()
    const fromMillis = scene.nowMillis
    let freeBytes = 12.5e10
    const evictAfterMillis = 20_000
    let pressedSince: number | null = null
    life.report = (now) => {
      // 2 points in 17 minutes.
      freeBytes -= 1e8
      const space = { totalBytes: 1e12, freeBytes, files: null }
      if (isPressed(space, limits)) pressedSince ??= now
      if (pressedSince !== null && now - pressedSince >= evictAfterMillis) {
        freeBytes += roomToFree(space, limits, "comfort").bytes - 1e8
        pressedSince = null
      }
      return reportOf(now, [goodCamera(1)], diskOf({ freeBytes }))
    }
    await life.seconds(3_400)
    const critical = ofKind("disk_critical")
    expect(critical.length).toBeGreaterThan(1)
    for (const { raisedAtMillis, endedAtMillis } of critical) {
      expect(raisedAtMillis).toBeGreaterThan(fromMillis)
      expect((endedAtMillis ?? Infinity) - raisedAtMillis).toBeLessThanOrEqual(60_000)
    }
    expect(ofKind("eviction_failing")).toEqual([])
  })

  it.each([
    ["bytes", diskOf({ freeBytes: 19e10 }, {}, [], 20e10), "190000000000 of 200000000000 bytes"],
    ["files", diskOf({ files: { total: 1e6, free: 900 } }), "too few more files"],
  ])("below its reserve of %s is critical, however full it is", async (_, pressed, detail) => {
    const life = await start()
    life.report = (now) => reportOf(now, [goodCamera(1)], pressed)
    await life.seconds(20)
    expect(ofKind("disk_critical")).toMatchObject([{ detail: expect.stringContaining(detail) }])
    life.report = (now) => reportOf(now, [goodCamera(1)], diskOf({}))
    await life.seconds(40)
    expect(ofKind("disk_critical")).toMatchObject([{ endedAtMillis: expect.any(Number) }])
  })

  it("that evictions do not help is an alert that says why, and ends with the obstacle", async () => {
    const life = await start()
    const obstructed = diskOf({ freeBytes: 9e10 }, { obstacle: "undeletable" })
    life.report = (now) => reportOf(now, [goodCamera(1)], obstructed)
    await life.seconds(40)
    expect(ofKind("eviction_failing")).toMatchObject([
      { severity: "critical", detail: expect.stringContaining("refuses to delete") },
    ])
    life.report = (now) => reportOf(now, [goodCamera(1)], diskOf({ freeBytes: 9e10 }))
    await life.seconds(40)
    expect(ofKind("eviction_failing")).toMatchObject([{ endedAtMillis: expect.any(Number) }])
    expect(ofKind("disk_critical")).toMatchObject([{ endedAtMillis: null }])
  })
})
