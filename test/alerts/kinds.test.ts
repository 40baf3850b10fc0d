import { afterEach, describe, expect, it } from "vitest"
import type { CameraHealth, CameraWindow, HealthReport, ServiceHealth } from "../../src/domain/Health.ts"
import { AlertsScene } from "./AlertsScene.ts"
import {
  goodCamera,
  goodHour,
  goodService,
  lostCamera,
  reportOf,
  withDisk,
  withFrameLoss,
} from "./healthReports.ts"

interface Case {
  readonly kind: string
  /** What is measured while it lasts, `sinceMillis` being its beginning. */
  readonly bad: (sinceMillis: number, nowMillis: number) => HealthReport
  /** Between the thresholds: neither raises nor ends. */
  readonly between: ((nowMillis: number) => HealthReport) | null
  /** Within which it is raised, seconds; 5 of them are the interval of reports. */
  readonly raisedWithin: number
  /** What is too short to be raised, seconds; null: it is decided by somebody else. */
  readonly blip: number | null
  readonly endedWithin: number
}

const camera =
  (cameraOf: CameraHealth | ((sinceMillis: number, nowMillis: number) => CameraHealth)) =>
  (sinceMillis: number, nowMillis: number) =>
    reportOf(nowMillis, [typeof cameraOf === "function" ? cameraOf(sinceMillis, nowMillis) : cameraOf])

const inHour = (of: Partial<CameraWindow>): CameraHealth => ({
  ...goodCamera(1),
  windows: { hour: { ...goodHour, ...of }, day: null, month: null },
})

const overUdp = (damagedFramesAtMost: number): CameraHealth =>
  inHour({ lostPackets: 7, damagedFramesAtMost, lossMeasuredShare: 0.5 })

const service = (of: ServiceHealth) => (_: number, nowMillis: number) =>
  reportOf(nowMillis, [goodCamera(1)], of)

const machine = (kind: CameraHealth["alerts"][number]["kind"]) =>
  camera({ ...goodCamera(1), alerts: [{ kind, detail: "401 Unauthorized", sinceMillis: 0 }] })

const between = (report: (sinceMillis: number, nowMillis: number) => HealthReport) => (nowMillis: number) =>
  report(nowMillis, nowMillis)

const cases: ReadonlyArray<Case> = [
  {
    kind: "recording_stopped",
    bad: camera((sinceMillis, nowMillis) => lostCamera(1, sinceMillis, nowMillis)),
    between: null,
    raisedWithin: 36,
    blip: 24,
    endedWithin: 16,
  },
  {
    kind: "camera_attention",
    bad: machine("permanent_cause"),
    between: between(camera((_, now) => lostCamera(1, now, now))),
    raisedWithin: 21,
    blip: 10,
    endedWithin: 36,
  },
  {
    kind: "restart_intensity",
    bad: machine("restart_intensity"),
    between: between(camera((_, now) => lostCamera(1, now, now))),
    raisedWithin: 6,
    blip: null,
    endedWithin: 36,
  },
  {
    kind: "audio_missing",
    bad: machine("audio_missing"),
    between: between(camera((_, now) => lostCamera(1, now, now))),
    raisedWithin: 21,
    blip: 10,
    endedWithin: 66,
  },
  {
    kind: "frame_loss",
    bad: camera(withFrameLoss(1, 1.1)),
    between: between(camera(withFrameLoss(1, 0.9))),
    raisedWithin: 66,
    blip: 55,
    endedWithin: 66,
  },
  {
    // Of 90,000 frames half are of recordings over UDP.
    kind: "packet_loss",
    bad: camera(overUdp(460)),
    between: between(camera(overUdp(400))),
    raisedWithin: 66,
    blip: 55,
    endedWithin: 66,
  },
  {
    kind: "uptime_low",
    bad: camera(inHour({ uptime: 0.89 })),
    between: between(camera(inHour({ uptime: 0.92 }))),
    raisedWithin: 66,
    blip: 55,
    endedWithin: 66,
  },
  {
    kind: "disk_warning",
    bad: service(withDisk({ usedPercent: 80.1 })),
    between: between(service(withDisk({ usedPercent: 78.5 }))),
    raisedWithin: 36,
    blip: 25,
    endedWithin: 36,
  },
  {
    kind: "disk_critical",
    bad: service(withDisk({ usedPercent: 90.1, state: "critical" })),
    between: between(service(withDisk({ usedPercent: 89.5, state: "warning" }))),
    raisedWithin: 16,
    blip: 5,
    endedWithin: 36,
  },
  {
    kind: "eviction_failing",
    bad: service(withDisk({ obstacle: "nothing more may be evicted" })),
    between: null,
    raisedWithin: 36,
    blip: 25,
    endedWithin: 36,
  },
  {
    kind: "disk_probe",
    bad: service(withDisk({ usedPercent: null, error: "EIO" })),
    between: null,
    raisedWithin: 21,
    blip: 10,
    endedWithin: 21,
  },
  {
    kind: "write_latency",
    bad: service(withDisk({ writeLatencySeconds: 1.1 })),
    between: between(service(withDisk({ writeLatencySeconds: 0.7 }))),
    raisedWithin: 96,
    blip: 85,
    endedWithin: 36,
  },
  {
    kind: "database_away",
    bad: service({
      ...goodService,
      database: { isAvailable: false, latencySeconds: null, awaySinceMillis: null },
    }),
    between: null,
    raisedWithin: 16,
    blip: 5,
    endedWithin: 16,
  },
  {
    kind: "cleanup_failing",
    bad: service({ ...goodService, cleanup: { lastCompleteMillis: null, isFailing: true } }),
    between: null,
    raisedWithin: 16,
    blip: 5,
    endedWithin: 6,
  },
]

let scene = new AlertsScene()
afterEach(() => scene.dispose())

const good = (nowMillis: number) => reportOf(nowMillis, [goodCamera(1)])

const start = async () => {
  scene = new AlertsScene()
  const life = await scene.live()
  life.report = good
  await life.seconds(20)
  return life
}

const ofKind = (kind: string) => [...scene.rows.values()].filter((alert) => alert.kind === kind)

describe.each(cases)("$kind", ({ kind, bad, between: unclear, raisedWithin, blip, endedWithin }) => {
  it("is raised within its time, told once, and ended", async () => {
    const life = await start()
    const sinceMillis = scene.nowMillis
    life.report = (now) => bad(sinceMillis, now)
    await life.seconds(raisedWithin + 1)
    const [alert, ...others] = ofKind(kind)
    expect(others).toEqual([])
    expect((alert?.raisedAtMillis ?? Infinity) - sinceMillis).toBeLessThanOrEqual(raisedWithin * 1000)
    await life.seconds(600)
    if (unclear !== null) {
      life.report = unclear
      await life.seconds(600)
    }
    expect(ofKind(kind)).toMatchObject([{ endedAtMillis: null }])
    const goodMillis = scene.nowMillis
    life.report = good
    await life.seconds(endedWithin + 1)
    expect(ofKind(kind)).toHaveLength(1)
    expect((ofKind(kind)[0]?.endedAtMillis ?? Infinity) - goodMillis).toBeLessThanOrEqual(endedWithin * 1000)
    await life.seconds(600)
    const subject = alert?.cameraId ?? "service"
    expect(scene.told.filter((line) => line.startsWith(`${kind} `))).toEqual([
      `${kind} raised ${subject}`,
      `${kind} ended ${subject}`,
    ])
    expect(scene.logged.filter((line) => line.includes(` ${kind}`))).toHaveLength(2)
    // Nothing failed: each notification was handed over once.
    expect(scene.sends).toEqual([...scene.outbox.keys()])
  })

  it("is not raised by a blip, nor by what lies between its thresholds", async () => {
    const life = await start()
    for (const blipSeconds of blip === null ? [] : [blip, blip, blip, blip, blip]) {
      const sinceMillis = scene.nowMillis
      life.report = (now) => bad(sinceMillis, now)
      await life.seconds(blipSeconds)
      life.report = good
      await life.seconds(20)
    }
    if (unclear !== null) life.report = unclear
    // Not being recorded is an alert of its own.
    await life.seconds(unclear === null ? 60 : 600)
    expect(ofKind(kind)).toEqual([])
  })
})

describe("what is not measured", () => {
  it("neither raises nor ends, but for what may never be measured again, after an hour", async () => {
    const life = await start()
    const unknown = reportOf(
      0,
      [withFrameLoss(1, null)],
      withDisk({ usedPercent: null, writeLatencySeconds: null }),
    )
    life.report = () => unknown
    await life.seconds(600)
    expect(scene.rows.size).toBe(0)
    life.report = (now) =>
      reportOf(
        now,
        [withFrameLoss(1, 5)],
        withDisk({ usedPercent: 95, state: "critical", writeLatencySeconds: 3 }),
      )
    await life.seconds(120)
    expect([...scene.rows.values()].map(({ kind }) => kind).toSorted()).toEqual([
      "disk_critical",
      "disk_warning",
      "frame_loss",
      "write_latency",
    ])
    life.report = () => unknown
    await life.seconds(1200)
    expect([...scene.rows.values()].every(({ endedAtMillis }) => endedAtMillis === null)).toBe(true)
    await life.seconds(2450)
    const ended = [...scene.rows.values()].filter(({ endedAtMillis }) => endedAtMillis !== null)
    // That the disk says nothing is an alert of its own, not that it is less full.
    expect(ended.map(({ kind }) => kind).toSorted()).toEqual(["frame_loss", "write_latency"])
    expect(ended.every(({ detail }) => detail.endsWith("(not measured any more)"))).toBe(true)
  })
})

describe("a camera", () => {
  it("is not judged by its uptime before it was to be recorded for a quarter of an hour", async () => {
    const life = await start()
    life.report = (now) => reportOf(now, [inHour({ uptime: 0.5, enabledSeconds: 890 })])
    await life.seconds(120)
    expect(ofKind("uptime_low")).toEqual([])
    life.report = (now) => reportOf(now, [inHour({ uptime: 0.5, enabledSeconds: 900 })])
    await life.seconds(120)
    expect(ofKind("uptime_low")).toMatchObject([
      { detail: "Camera 1 was recorded for 50.0 % of the last hour in which it was to be" },
    ])
  })

  it("over TCP, or for a few seconds over UDP, is not judged by lost packets", async () => {
    const life = await start()
    const few = inHour({ lostPackets: 7, damagedFramesAtMost: 900, lossMeasuredShare: 0.01 })
    const overTcp = inHour({ lostPackets: null, damagedFramesAtMost: null, lossMeasuredShare: 0 })
    for (const measured of [overTcp, few]) {
      life.report = (now) => reportOf(now, [measured])
      await life.seconds(120)
    }
    expect(ofKind("packet_loss")).toEqual([])
  })

  it("that is disabled is not missed, and what stood of it ends", async () => {
    const life = await start()
    const lostMillis = scene.nowMillis
    life.report = (now) => reportOf(now, [lostCamera(1, lostMillis, now)])
    await life.seconds(60)
    expect(ofKind("recording_stopped")).toMatchObject([{ endedAtMillis: null }])
    life.report = (now) =>
      reportOf(now, [{ ...lostCamera(1, lostMillis, now), state: "stopped", isEnabled: false }])
    await life.seconds(600)
    expect(ofKind("recording_stopped")).toMatchObject([{ endedAtMillis: expect.any(Number) }])
  })

  it.each([
    ["is disabled", { isEnabled: false, state: "stopped" }],
    ["records nothing any more", {}],
  ])("of whose lost frames was told, and that %s, loses none any more", async (_, rest) => {
    const life = await start()
    life.report = (now) => reportOf(now, [withFrameLoss(1, 5)])
    await life.seconds(120)
    expect(ofKind("frame_loss")).toMatchObject([{ endedAtMillis: null }])
    const hour = { ...goodHour, recordedSeconds: 0, frames: 0, missingFrames: null, frameLossPercent: null }
    const windows = { hour, day: null, month: null }
    life.report = (now) => reportOf(now, [{ ...goodCamera(1), ...rest, windows }])
    await life.seconds(90)
    expect(ofKind("frame_loss")).toMatchObject([{ endedAtMillis: expect.any(Number) }])
  })

  it("that is removed leaves no alert standing, also when the service was down meanwhile", async () => {
    const life = await start()
    const lostMillis = scene.nowMillis
    const both = (now: number) =>
      reportOf(now, [lostCamera(1, lostMillis, now), lostCamera(2, lostMillis, now)])
    life.report = both
    await life.seconds(60)
    life.report = (now) => reportOf(now, [lostCamera(2, lostMillis, now)])
    await life.seconds(12)
    expect(
      ofKind("recording_stopped").map(({ cameraId, endedAtMillis }) => [cameraId, endedAtMillis === null]),
    ).toEqual([
      [1, false],
      [2, true],
    ])
    await life.end()
    const next = await scene.live()
    next.report = (now) => reportOf(now, [])
    await next.seconds(12)
    expect(ofKind("recording_stopped").every(({ endedAtMillis }) => endedAtMillis !== null)).toBe(true)
  })
})
