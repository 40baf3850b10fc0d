import type { CameraHealth, CameraWindow, HealthReport } from "../../src/domain/Health.ts"

export const nowMillis = Date.UTC(2026, 0, 14, 15)

const window: CameraWindow = {
  measuredAtMillis: nowMillis,
  uptime: 0.9995,
  recordedSeconds: 3598.2,
  enabledSeconds: 3600,
  frames: 89_955,
  missingFrames: 45,
  missingMeasuredShare: 1,
  lostPackets: null,
  damagedFramesAtMost: null,
  lossMeasuredShare: 0,
  frameLossPercent: 0.05,
}

/** A camera that records and of which everything is measured. */
export const fakeCamera = (cameraId: number, change: Partial<CameraHealth> = {}): CameraHealth => ({
  cameraId,
  name: `Camera ${cameraId}`,
  isEnabled: true,
  state: "recording",
  stateSinceMillis: nowMillis - 600_000,
  cause: null,
  detail: "",
  alerts: [],
  fragmentAgeSeconds: 0.4,
  bitsPerSecond: 2_000_000,
  framesPerSecond: 25,
  cpuPercent: 1.5,
  residentBytes: 30_000_000,
  writtenBytesPerSecond: 250_000,
  failures: {
    total: 3,
    recoveries: 2,
    byCause: { stalled: 2, camera_unreachable: 1 },
    recoverySeconds: [4.5, 9],
  },
  windows: { hour: window, day: window, month: window },
  lastWindows: { hour: window, day: window, month: window },
  ...change,
})

/** The same camera before anything could be measured. */
export const unmeasuredCamera = (cameraId: number): CameraHealth =>
  fakeCamera(cameraId, {
    state: "connecting",
    fragmentAgeSeconds: null,
    bitsPerSecond: null,
    framesPerSecond: null,
    cpuPercent: null,
    residentBytes: null,
    writtenBytesPerSecond: null,
    failures: { total: 0, recoveries: 0, byCause: {}, recoverySeconds: [] },
    windows: { hour: null, day: null, month: null },
  })

/** A service of which everything is measured. */
export const fakeReport = (cameras: ReadonlyArray<CameraHealth>): HealthReport => ({
  measuredAtMillis: nowMillis,
  targets: [
    {
      name: "uptime",
      limit: 99.9,
      bound: "at_least",
      unit: "percent",
      measured: 99.95,
      isMet: true,
      measuredAtMillis: nowMillis,
      sinceMillis: nowMillis - 600_000,
      worstCameras: [],
      unmeasuredCameras: [],
    },
  ],
  service: {
    startedAtMillis: nowMillis - 3_600_000,
    disk: {
      totalBytes: 1_000_000_000_000,
      freeBytes: 300_000_000_000,
      usedPercent: 70,
      reserveBytes: 20_000_000_000,
      state: "ok",
      error: null,
      obstacle: null,
      isRecordingStopped: false,
      writtenBytesPerSecond: 12_500_000,
      readBytesPerSecond: 0,
      writeLatencySeconds: 0.05,
    },
    eventLoop: { delaySeconds: 0.002, greatestDelaySeconds: 0.02 },
    queues: { rows: 3, clips: 0, notifications: 1 },
    database: { isAvailable: true, latencySeconds: 0.001, awaySinceMillis: null },
    cleanup: { lastCompleteMillis: nowMillis - 43_200_000, isFailing: false },
    cpuPercent: 5,
    residentBytes: 180_000_000,
  },
  cameras,
})

/** A service that has just started, and whose disk does not answer. */
export const unmeasuredReport = (cameras: ReadonlyArray<CameraHealth>): HealthReport => {
  const report = fakeReport(cameras)
  const { service, targets } = report
  return {
    ...report,
    targets: targets.map((target) => ({ ...target, measured: null, isMet: null })),
    service: {
      ...service,
      disk: {
        ...service.disk,
        totalBytes: null,
        freeBytes: null,
        usedPercent: null,
        reserveBytes: null,
        state: "critical",
        error: "EIO",
        writtenBytesPerSecond: null,
        readBytesPerSecond: null,
        writeLatencySeconds: null,
      },
      eventLoop: { delaySeconds: null, greatestDelaySeconds: null },
      database: { isAvailable: false, latencySeconds: null, awaySinceMillis: nowMillis - 1000 },
      cleanup: { lastCompleteMillis: null, isFailing: true },
    },
  }
}
