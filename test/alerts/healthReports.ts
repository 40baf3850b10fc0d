import type { CameraHealth, CameraWindow, HealthReport, ServiceHealth } from "../../src/domain/Health.ts"

/** An hour without a fault, over UDP. */
export const goodHour: CameraWindow = {
  measuredAtMillis: 0,
  uptime: 1,
  recordedSeconds: 3600,
  enabledSeconds: 3600,
  frames: 90_000,
  missingFrames: 0,
  missingMeasuredShare: 1,
  lostPackets: 0,
  damagedFramesAtMost: 0,
  lossMeasuredShare: 1,
  frameLossPercent: 0,
}

export const goodCamera = (cameraId: number): CameraHealth => ({
  cameraId,
  name: `Camera ${cameraId}`,
  isEnabled: true,
  state: "recording",
  stateSinceMillis: 0,
  cause: null,
  detail: "",
  alerts: [],
  fragmentAgeSeconds: 0.5,
  bitsPerSecond: 2e6,
  framesPerSecond: 25,
  cpuPercent: 1,
  residentBytes: 3e7,
  writtenBytesPerSecond: 250_000,
  failures: { total: 0, recoveries: 0, byCause: {}, recoverySeconds: [] },
  windows: { hour: goodHour, day: null, month: null },
  lastWindows: { hour: goodHour, day: null, month: null },
})

export const goodService: ServiceHealth = {
  startedAtMillis: 0,
  disk: {
    totalBytes: 1e12,
    freeBytes: 6e11,
    usedPercent: 40,
    reserveBytes: 2e10,
    state: "ok",
    error: null,
    obstacle: null,
    isRecordingStopped: false,
    writtenBytesPerSecond: 1e7,
    readBytesPerSecond: 0,
    writeLatencySeconds: 0.01,
  },
  eventLoop: { delaySeconds: 0.001, greatestDelaySeconds: 0.01 },
  queues: { rows: 0, clips: 0, notifications: 0 },
  database: { isAvailable: true, latencySeconds: 0.002, awaySinceMillis: null },
  cleanup: { lastCompleteMillis: 0, isFailing: false },
  cpuPercent: 1,
  residentBytes: 1e8,
}

export const reportOf = (
  measuredAtMillis: number,
  cameras: ReadonlyArray<CameraHealth>,
  service: ServiceHealth = goodService,
): HealthReport => ({ measuredAtMillis, targets: [], service, cameras })

export const withDisk = (disk: Partial<ServiceHealth["disk"]>): ServiceHealth => ({
  ...goodService,
  disk: { ...goodService.disk, ...disk },
})

/** Out of recording since an instant. */
export const lostCamera = (cameraId: number, sinceMillis: number, nowMillis: number): CameraHealth => ({
  ...goodCamera(cameraId),
  state: "backoff",
  cause: "camera_unreachable",
  detail: "connection refused",
  fragmentAgeSeconds: (nowMillis - sinceMillis) / 1000,
  bitsPerSecond: null,
})

export const withFrameLoss = (cameraId: number, frameLossPercent: number | null): CameraHealth => ({
  ...goodCamera(cameraId),
  windows: { hour: { ...goodHour, frameLossPercent }, day: null, month: null },
})
