import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Alert, AlertKind } from "../../src/domain/Alert.ts"
import { fakeCamera, fakeReport, nowMillis } from "./fakeReport.ts"
import { MetricsScene, segment } from "./MetricsScene.ts"

const alert: Alert = {
  id: "a",
  kind: "frame_loss",
  severity: "warning",
  cameraId: 1,
  detail: "",
  sinceMillis: nowMillis,
  raisedAtMillis: nowMillis,
  endedAtMillis: null,
  acknowledgedAtMillis: null,
  acknowledgedBy: null,
  note: null,
}

describe("counters", () => {
  let scene: MetricsScene
  const frames = () => scene.series('vigia_camera_frames_total{camera_id="1"}')

  beforeEach(async () => {
    scene = await MetricsScene.open(fakeReport([fakeCamera(1)]))
  })
  afterEach(() => scene.close())

  it("grow with the files on disk, however often these are told of", async () => {
    expect(await frames()).toEqual([])
    scene.recorded(segment({ frames: 100, missingFrames: 2 }))
    scene.recorded(segment({ frames: 250, missingFrames: 5 }))
    scene.recorded(segment({ frames: 250, missingFrames: 4 }))
    scene.recorded(
      segment({ frames: 300, missingFrames: 6, state: "closed" }),
      segment({ number: 1, frames: 50 }),
    )
    expect(await frames()).toEqual(['vigia_camera_frames_total{camera_id="1"} 350'])
    expect(await scene.series("vigia_camera_missing_frames_total")).toEqual([
      'vigia_camera_missing_frames_total{camera_id="1"} 6',
    ])
    expect(await scene.series("vigia_camera_lost_packets_total")).toEqual([])
  })

  it("do not count what an earlier life recorded", async () => {
    const earlier = { runId: "adopted", startedAtMillis: nowMillis - 7_200_000 }
    scene.recorded(segment({ ...earlier, frames: 90_000, sizeBytes: 900_000_000 }))
    expect(await frames()).toEqual(['vigia_camera_frames_total{camera_id="1"} 0'])
    scene.recorded(segment({ ...earlier, frames: 90_025, sizeBytes: 900_250_000 }))
    expect(await frames()).toEqual(['vigia_camera_frames_total{camera_id="1"} 25'])
    expect(await scene.series("vigia_camera_recorded_bytes_total")).toEqual([
      'vigia_camera_recorded_bytes_total{camera_id="1"} 250000',
    ])
  })

  it("of what is not measured are absent meanwhile, and go on after", async () => {
    const missing = () => scene.series("vigia_camera_missing_frames_total")
    scene.recorded(segment({ missingFrames: 3 }))
    scene.recorded(segment({ number: 1, missingFrames: null }))
    expect(await missing()).toEqual([])
    scene.recorded(segment({ number: 2, missingFrames: 1 }))
    expect(await missing()).toEqual(['vigia_camera_missing_frames_total{camera_id="1"} 4'])
  })

  it("of events begin with 0 and count each once, scraped or not", async () => {
    const raised = () => scene.series('vigia_alerts_raised_total{kind="frame_loss"}')
    expect(await raised()).toEqual(['vigia_alerts_raised_total{kind="frame_loss"} 0'])
    for (let count = 0; count < 12_000; count++) {
      scene.journal.publish({ type: "alert.raised", alert })
      // More than the journal keeps, but not in one turn.
      if (count % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await raised()).toEqual(['vigia_alerts_raised_total{kind="frame_loss"} 12000'])
    expect(await raised()).toEqual(['vigia_alerts_raised_total{kind="frame_loss"} 12000'])
  })

  it("tell evictions by their reason", async () => {
    const eviction = {
      type: "recordings.evicted",
      cameraId: 1,
      ownerId: 7,
      fromMillis: 0,
      toMillis: 1,
    } as const
    scene.journal.publish({ ...eviction, reason: "disk", files: 3, sizeBytes: 3_000 })
    scene.journal.publish({ ...eviction, reason: "disk", files: 1, sizeBytes: 500 })
    expect(await scene.series("vigia_evicted_")).toEqual([
      'vigia_evicted_recordings_total{reason="disk"} 4',
      'vigia_evicted_recordings_total{reason="quota"} 0',
      'vigia_evicted_bytes_total{reason="disk"} 3500',
      'vigia_evicted_bytes_total{reason="quota"} 0',
    ])
  })

  it("tell standing alerts of every kind, also of those that do not stand", async () => {
    scene.alerts = [alert, { ...alert, id: "b", cameraId: 2 }]
    const alerts = await scene.series("vigia_alerts{")
    expect(alerts).toHaveLength(AlertKind.literals.length)
    expect(alerts).toContain('vigia_alerts{kind="frame_loss",severity="warning"} 2')
    expect(alerts).toContain('vigia_alerts{kind="disk_critical",severity="critical"} 0')
  })
})

describe("histograms", () => {
  let scene: MetricsScene

  beforeEach(async () => {
    scene = await MetricsScene.open(fakeReport([fakeCamera(1)]))
  })
  afterEach(() => scene.close())

  it("observe each recovery once", async () => {
    const recovered = (recoveries: number, recoverySeconds: ReadonlyArray<number>) =>
      scene.measured(
        fakeReport([fakeCamera(1, { failures: { total: 1, byCause: {}, recoveries, recoverySeconds } })]),
      )
    const ten = Array.from({ length: 10 }, (_, at) => at + 0.5)
    recovered(0, [])
    recovered(1, [1.5])
    recovered(1, [1.5])
    recovered(11, ten)
    // As long as one of them was before.
    recovered(12, [...ten.slice(1), 70])
    recovered(12, [...ten.slice(1), 70])
    expect(await scene.series("vigia_recovery_seconds_count")).toEqual(["vigia_recovery_seconds_count 12"])
    expect(await scene.series('vigia_recovery_seconds_bucket{le="60"}')).toEqual([
      'vigia_recovery_seconds_bucket{le="60"} 11',
    ])
  })

  it("observe each sync once, when it has ended", async () => {
    const report = fakeReport([])
    const synced = (change: Partial<MetricsScene["syncs"]>) => {
      scene.syncs = { ...scene.syncs, ...change }
      scene.measured(report)
    }
    synced({ isInFlight: true, recentMillis: [3] })
    expect(await scene.series("vigia_disk_sync_duration_seconds_count")).toEqual([
      "vigia_disk_sync_duration_seconds_count 0",
    ])
    synced({ isInFlight: false, completed: 1, recentMillis: [20] })
    synced({ isInFlight: true, completed: 2, failed: 1, recentMillis: [20, 700, 30, 4] })
    expect(await scene.series("vigia_disk_sync_duration_seconds_count")).toEqual([
      "vigia_disk_sync_duration_seconds_count 3",
    ])
    expect(await scene.series("vigia_disk_sync_duration_seconds_sum")).toEqual([
      "vigia_disk_sync_duration_seconds_sum 0.75",
    ])
  })

  it("observe requests by the pattern of their route, whatever is asked", async () => {
    for (const path of ["/api/cameras/1", "/api/cameras/2", "/wp-login.php", "/.env"]) {
      await scene.app.request(path)
    }
    await scene.app.request("/api/cameras/1", { method: "BREW" })
    const counts = await scene.series("vigia_http_request_duration_seconds_count")
    expect(counts).toContain(
      'vigia_http_request_duration_seconds_count{method="GET",route="/api/cameras/:id",status="2xx"} 2',
    )
    expect(counts).toContain(
      'vigia_http_request_duration_seconds_count{method="GET",route="none",status="4xx"} 2',
    )
    expect(counts).toContain(
      'vigia_http_request_duration_seconds_count{method="other",route="none",status="4xx"} 1',
    )
  })
})
