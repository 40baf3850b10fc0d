import { expect, it } from "vitest"
import type { CameraHealth, CameraWindow, ServiceHealth } from "../../src/domain/Health.ts"
import { dated, standings } from "../../src/health/targets.ts"

const window = (
  uptime: number | null,
  frameLossPercent: number | null,
  measuredAtMillis = 0,
): CameraWindow => ({
  measuredAtMillis,
  uptime,
  recordedSeconds: 0,
  enabledSeconds: 0,
  frames: 0,
  missingFrames: null,
  missingMeasuredShare: 1,
  lostPackets: null,
  damagedFramesAtMost: null,
  lossMeasuredShare: 0,
  frameLossPercent,
})

const camera = (
  cameraId: number,
  day: CameraWindow | null,
  cpuPercent: number | null,
  isEnabled = true,
): CameraHealth => ({
  cameraId,
  name: `camera ${cameraId}`,
  isEnabled,
  state: "recording",
  stateSinceMillis: 0,
  cause: null,
  detail: "",
  alerts: [],
  fragmentAgeSeconds: null,
  bitsPerSecond: null,
  framesPerSecond: null,
  cpuPercent,
  residentBytes: null,
  writtenBytesPerSecond: null,
  failures: { total: 0, recoveries: 0, byCause: {}, recoverySeconds: [] },
  windows: { hour: null, day, month: null },
  lastWindows: { hour: null, day, month: null },
})

const disk = (
  writtenBytesPerSecond: number | null,
  readBytesPerSecond: number | null,
): ServiceHealth["disk"] => ({
  totalBytes: null,
  freeBytes: null,
  usedPercent: null,
  reserveBytes: null,
  state: "ok",
  error: null,
  obstacle: null,
  isRecordingStopped: false,
  writtenBytesPerSecond,
  readBytesPerSecond,
  writeLatencySeconds: null,
})

it("takes each target by the worst camera, and names those that miss it, the worst first", () => {
  const found = standings({ disk: disk(60_000_000, 40_000_000) }, [
    camera(1, window(0.999, 0.0999), 19.99),
    camera(2, window(0.5, 0.1), 20),
    camera(3, window(0.4, null), 90),
    camera(4, null, null),
    camera(5, window(0, 100), 100, false),
  ])
  expect(found).toMatchObject([
    {
      name: "uptime",
      measured: 40,
      isMet: false,
      worstCameras: [
        { cameraId: 3, measured: 40 },
        { cameraId: 2, measured: 50 },
      ],
      unmeasuredCameras: [4],
    },
    {
      name: "frame_loss",
      measured: 0.1,
      isMet: false,
      worstCameras: [{ cameraId: 2 }],
      unmeasuredCameras: [3, 4],
    },
    { name: "disk_io", measured: 100_000_000, isMet: false },
    { name: "cpu", measured: 90, isMet: false, worstCameras: [{ cameraId: 3 }, { cameraId: 2 }] },
  ])
  expect(
    standings({ disk: disk(99_999_999, 0) }, [camera(1, window(0.999, 0.0999), 19.99)]).map(
      ({ isMet }) => isMet,
    ),
  ).toEqual([true, true, true, true])
})

it("does not decide what is not measured", () => {
  const found = standings({ disk: disk(1, null) }, [camera(1, null, null)])
  expect(found.map(({ isMet, measured }) => [isMet, measured])).toEqual([
    [null, null],
    [null, null],
    [null, null],
    [null, null],
  ])
})

it("says since when a target stands as it does", () => {
  const of = (cpuPercent: number | null) =>
    standings({ disk: disk(null, null) }, [camera(1, null, cpuPercent)])
  const cpuSince = (targets: ReturnType<typeof dated>) => targets.at(-1)?.sinceMillis
  const first = dated(of(null), [], 1000)
  const met = dated(of(10), first, 2000)
  const still = dated(of(15), met, 3000)
  const missed = dated(of(30), still, 4000)
  expect([first, met, still, missed].map(cpuSince)).toEqual([1000, 2000, 2000, 4000])
})

it("says when the oldest figure was measured that decides", () => {
  const measured = (...cameras: ReadonlyArray<CameraHealth>) =>
    dated(standings({ disk: disk(1, 1) }, cameras), [], 9000).map(({ measuredAtMillis }) => measuredAtMillis)
  expect(measured(camera(1, window(1, 0, 7000), 1), camera(2, window(1, null, 5000), 1))).toEqual([
    5000, 7000, 9000, 9000,
  ])
  expect(measured(camera(1, null, null))).toEqual([null, null, 9000, null])
})
