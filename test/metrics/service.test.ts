import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { Trial } from "../verify/Trial.ts"
import { promtool } from "./promtool.ts"

describe("/metrics of a service that records", () => {
  let trial: Trial
  let cameraId: number

  const scrape = async (): Promise<string> => (await fetch(`${trial.service.address}/metrics`)).text()
  const valueOf = async (series: string): Promise<number | null> => {
    const line = (await scrape()).split("\n").find((one) => one.startsWith(`${series} `))
    return line === undefined ? null : Number(line.slice(series.length))
  }

  beforeAll(async () => {
    trial = await Trial.start({ seed: 1, cameras: [{ path: "steady" }] })
    cameraId = await trial.add("Till", trial.simulator.camera("steady").url)
  })
  afterAll(async () => {
    await trial.service.remove()
    await trial.simulator.stop()
  })

  it("tells what is recorded, as it grows", async () => {
    const frames = () => valueOf(`vigia_camera_frames_total{camera_id="${cameraId}"}`)
    const first = await awaitFact("frames are counted", frames)
    await awaitFact("more frames are counted", async () => ((await frames()) ?? 0) > first + 25)
    await awaitFact("it is up", async () => (await valueOf(`vigia_camera_up{camera_id="${cameraId}"}`)) === 1)
    await awaitFact("its rate is measured", () =>
      valueOf(`vigia_camera_stream_bytes_per_second{camera_id="${cameraId}"}`),
    )
    await awaitFact(
      "a sync was observed",
      async () => (await valueOf("vigia_disk_sync_duration_seconds_count")) ?? 0,
    )
    expect(await valueOf('vigia_events_total{type="segment.opened"}')).toBeGreaterThanOrEqual(1)
    expect(await valueOf("vigia_database_up")).toBe(1)
    expect(
      await valueOf(
        'vigia_http_request_duration_seconds_count{method="POST",route="/api/cameras",status="2xx"}',
      ),
    ).toBe(1)
  })

  // Without promtool there is nothing that could judge; setup says why it is missing.
  it.skipIf(promtool === null)("tells nothing that promtool finds fault with", async () => {
    expect(promtool?.(["check", "metrics"], await scrape())).toEqual({ status: 0, said: "" })
  })

  it("counts who reads events", async () => {
    const clients = () => valueOf("vigia_event_stream_clients")
    const leaving = new AbortController()
    const reading = await fetch(`${trial.service.address}/api/events`, { signal: leaving.signal })
    expect(reading.status).toBe(200)
    expect(await clients()).toBe(1)
    leaving.abort()
    await awaitFact("nobody reads", async () => (await clients()) === 0)
  })

  it("forgets a camera that was removed", async () => {
    expect(await scrape()).toContain("camera_id=")
    await trial.service.request("DELETE", `/api/cameras/${cameraId}`)
    await awaitFact("no series is left", async () => !(await scrape()).includes("camera_id="))
  })
})
