import * as Redacted from "effect/Redacted"
import { afterEach, describe, expect, it } from "vitest"
import { readingsOf } from "../../src/alerts/readings.ts"
import { cameraFigures } from "../../src/api/healthAnswers.ts"
import type { CameraHealth, CameraWindow, HealthReport, HealthWindow } from "../../src/domain/Health.ts"
import { cameraHealth } from "../../src/health/cameraHealth.ts"
import { dated, standings } from "../../src/health/targets.ts"
import { fakeCamera, fakeReport, nowMillis } from "../metrics/fakeReport.ts"
import { MetricsScene } from "../metrics/MetricsScene.ts"

const minute = 60_000
const perfect = fakeCamera(1)

const measuredAgo = (window: CameraWindow | null, ageMillis: number): CameraWindow | null =>
  window === null ? null : { ...window, frameLossPercent: 5, measuredAtMillis: nowMillis - ageMillis }

/** A camera that is out, and whose windows are as old as this. */
const camera = (ageMillis: number): CameraHealth =>
  cameraHealth(
    {
      id: 1,
      ownerId: 1,
      identity: "",
      name: "Door",
      url: Redacted.make(""),
      transport: "tcp",
      recordingEnabled: true,
      profile: null,
      createdAtMillis: 0,
      retentionDays: null,
      quotaBytes: null,
    },
    {
      state: {
        state: "backoff",
        sinceMillis: nowMillis,
        cause: "camera_unreachable",
        detail: "",
        failures: 1,
        nextTryAtMillis: null,
        alerts: [],
      },
      lastArrivalMillis: null,
      rate: null,
      cost: null,
      failures: perfect.failures,
      lastWindows: {
        hour: measuredAgo(perfect.windows.hour, ageMillis),
        day: measuredAgo(perfect.windows.day, ageMillis),
        month: measuredAgo(perfect.windows.month, ageMillis),
      },
    },
    0,
    nowMillis,
  )

const reportOf = (ageMillis: number): HealthReport => {
  const cameras = [camera(ageMillis)]
  const { service } = fakeReport([])
  return {
    measuredAtMillis: nowMillis,
    targets: dated(standings(service, cameras), [], nowMillis),
    service,
    cameras,
  }
}

let scene: MetricsScene | null = null
afterEach(async () => {
  await scene?.close()
  scene = null
})

const told = async (ageMillis: number): Promise<ReadonlyArray<string>> => {
  await scene?.close()
  scene = await MetricsScene.open(reportOf(ageMillis))
  return [
    ...(await scene.series("vigia_camera_uptime_ratio")),
    ...(await scene.series("vigia_camera_frame_loss_ratio")),
    ...(await scene.series("vigia_target_met")),
  ].map((line) => line.replace(/ \S+$/, ""))
}

const series = (...windows: ReadonlyArray<string>): ReadonlyArray<string> =>
  ["uptime", "frame_loss"].flatMap((name) =>
    windows.map((window) => `vigia_camera_${name}_ratio{camera_id="1",window="${window}"}`),
  )
const targets = (...names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => `vigia_target_met{target="${name}"}`)

describe("windows that are not measured any more, as while the database is away", () => {
  it("count for a few of their refreshes, each window for its own", () => {
    const known = (ageMillis: number): ReadonlyArray<HealthWindow> => {
      const { windows } = camera(ageMillis)
      return (["hour", "day", "month"] as const).filter((window) => windows[window] !== null)
    }
    expect(known(5 * minute)).toEqual(["hour", "day", "month"])
    expect(known(5 * minute + 1)).toEqual(["day", "month"])
    expect(known(15 * minute + 1)).toEqual(["month"])
    expect(known(120 * minute + 1)).toEqual([])
    // Our clock was set back by an hour.
    expect(known(-60 * minute)).toEqual(["month"])
  })

  it("meet no target and have no series", async () => {
    expect(await told(minute)).toEqual([
      ...series("1h", "24h", "30d"),
      ...targets("uptime", "frame_loss", "disk_io"),
    ])
    expect(await told(600 * minute)).toEqual(targets("disk_io"))
    const [uptime, frameLoss] = reportOf(600 * minute).targets
    expect([uptime, frameLoss]).toMatchObject([
      { name: "uptime", measured: null, isMet: null, unmeasuredCameras: [1] },
      { name: "frame_loss", measured: null, isMet: null, unmeasuredCameras: [1] },
    ])
  })

  it("neither raise nor end an alert, and are shown with their age", () => {
    const lossLevel = (ageMillis: number) =>
      readingsOf(reportOf(ageMillis), { warningPercent: 80, criticalPercent: 90 }, new Map()).find(
        ({ kind }) => kind === "frame_loss",
      )?.level
    expect([lossLevel(minute), lossLevel(600 * minute)]).toEqual(["bad", "unknown"])
    expect(cameraFigures(camera(600 * minute)).windows["24h"]).toMatchObject({
      measured_at: new Date(nowMillis - 600 * minute).toISOString(),
      uptime_percent: 99.95,
      frame_loss_percent: 5,
    })
  })
})
