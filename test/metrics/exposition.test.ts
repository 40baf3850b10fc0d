import { afterEach, describe, expect, it } from "vitest"
import type { HealthReport } from "../../src/domain/Health.ts"
import { fakeCamera, fakeReport, nowMillis, unmeasuredCamera, unmeasuredReport } from "./fakeReport.ts"
import { MetricsScene, segment } from "./MetricsScene.ts"

let scene: MetricsScene | null = null

const open = async (report: HealthReport): Promise<MetricsScene> => {
  scene = await MetricsScene.open(report)
  return scene
}

afterEach(async () => {
  await scene?.close()
  scene = null
})

/** Families without a sample stay out of it, too. */
const namesIn = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name)

describe("/metrics", () => {
  it("tells what is measured, in base units", async () => {
    const text = await (await open(fakeReport([fakeCamera(1)]))).scrape()
    for (const line of [
      'vigia_camera_info{camera_id="1",name="Camera 1",owner_id="7"} 1',
      'vigia_camera_up{camera_id="1"} 1',
      'vigia_camera_state{camera_id="1",state="recording"} 1',
      'vigia_camera_state{camera_id="1",state="backoff"} 0',
      'vigia_camera_stream_bytes_per_second{camera_id="1"} 250000',
      'vigia_camera_uptime_ratio{camera_id="1",window="30d"} 0.9995',
      'vigia_camera_frame_loss_ratio{camera_id="1",window="1h"} 0.0005',
      'vigia_camera_failures_total{camera_id="1",cause="stalled"} 2',
      'vigia_camera_last_recovery_seconds{camera_id="1"} 9',
      'vigia_camera_ffmpeg_cpu_ratio{camera_id="1"} 0.015',
      "vigia_disk_used_ratio 0.7",
      'vigia_disk_state{state="ok"} 1',
      'vigia_queue_length{queue="rows"} 3',
      `vigia_cleanup_last_success_timestamp_seconds ${nowMillis / 1000 - 43_200}`,
      'vigia_target_met{target="uptime"} 1',
      "vigia_event_stream_clients 0",
      "vigia_notification_failures_total 1",
    ]) {
      expect(text.split("\n")).toContain(line)
    }
  })

  it("leaves out what is not measured", async () => {
    const found = await open(unmeasuredReport([unmeasuredCamera(1)]))
    const names = namesIn(await found.scrape())
    expect(names).toContain("vigia_camera_up")
    for (const absent of [
      "vigia_camera_fragment_age_seconds",
      "vigia_camera_stream_bytes_per_second",
      "vigia_camera_uptime_ratio",
      "vigia_camera_frames_total",
      "vigia_camera_ffmpeg_cpu_ratio",
      "vigia_camera_last_recovery_seconds",
      "vigia_disk_used_ratio",
      "vigia_disk_write_latency_seconds",
      "vigia_database_latency_seconds",
      "vigia_cleanup_last_success_timestamp_seconds",
      "vigia_target_met",
    ]) {
      expect(names).not.toContain(absent)
    }
    expect(await found.series("vigia_disk_probe_success")).toEqual(["vigia_disk_probe_success 0"])
  })

  it("forgets what was measured once and is not any more", async () => {
    const found = await open(fakeReport([fakeCamera(1)]))
    found.measured(unmeasuredReport([unmeasuredCamera(1)]))
    expect(await found.series("vigia_camera_fragment_age_seconds")).toEqual([])
    expect(await found.series("vigia_disk_used_ratio")).toEqual([])
  })

  it("has no series of a camera that was removed", async () => {
    const found = await open(fakeReport([fakeCamera(1), fakeCamera(2)]))
    found.recorded(segment(), segment({ cameraId: 2 }))
    expect(await found.scrape()).toContain('camera_id="2"')
    found.measured(fakeReport([fakeCamera(1)]))
    const text = await found.scrape()
    expect(text).toContain('camera_id="1"')
    expect(text).not.toContain('camera_id="2"')
  })

  it("escapes names, and tells them in one metric alone", async () => {
    const name = 'Till "north" \\ rtsp'
    const found = await open(fakeReport([fakeCamera(1, { name })]))
    const lines = (await found.scrape()).split("\n").filter((line) => line.includes("north"))
    expect(lines).toEqual([
      'vigia_camera_info{camera_id="1",name="Till \\"north\\" \\\\ rtsp",owner_id="7"} 1',
    ])
  })

  it("speaks OpenMetrics to who asks for it, and the text of Prometheus to all others", async () => {
    const found = await open(fakeReport([fakeCamera(1)]))
    const prometheus =
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    const type = async (accept: string) =>
      (await found.app.request("/metrics", { headers: { accept } })).headers.get("content-type")
    const text = "text/plain; version=0.0.4; charset=utf-8"
    expect(await type(prometheus)).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8")
    expect(await type("text/plain;version=0.0.4")).toBe(text)
    expect(await type("text/html,*/*;q=0.8")).toBe(text)
    expect(await type("application/openmetrics-text;q=0.1,text/plain")).toBe(text)

    const openMetrics = await found.scrape(prometheus)
    expect(openMetrics.endsWith("\n# EOF\n")).toBe(true)
    expect(openMetrics).toContain("# TYPE vigia_alerts_raised counter\n")
    expect(openMetrics).toContain('\nvigia_alerts_raised_total{kind="eviction"} 0\n')
    // Also after somebody asked for OpenMetrics.
    expect(await found.scrape()).toContain(
      "# TYPE vigia_alerts_raised_total counter\nvigia_alerts_raised_total{",
    )
  })
})
