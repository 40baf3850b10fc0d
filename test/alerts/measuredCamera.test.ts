import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { afterEach, expect, it } from "vitest"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { cameraHealth } from "../../src/health/cameraHealth.ts"
import type { StoredCamera } from "../../src/storage/Cameras.ts"
import { CameraStates } from "../../src/supervision/CameraStates.ts"
import { AlertsScene } from "./AlertsScene.ts"
import { reportOf } from "./healthReports.ts"

const stored: StoredCamera = {
  id: 1,
  ownerId: 1,
  name: "Till",
  url: Redacted.make("rtsp://127.0.0.1/till"),
  transport: "tcp",
  recordingEnabled: true,
  profile: null,
  createdAtMillis: 0,
  identity: "",
  retentionDays: null,
  quotaBytes: null,
}

let scene = new AlertsScene()
afterEach(() => scene.dispose())

it("misses a camera that was stopped from its start on, not from its last fragment", async () => {
  scene = new AlertsScene()
  const life = await scene.live()
  const states = new CameraStates()
  const lastArrivalMillis = scene.nowMillis + 20_000
  let isEnabled = true
  const become = async (from: "recording" | "stopped", to: "stopped" | "connecting") => {
    const fact = {
      type: "camera.state_changed",
      cameraId: 1,
      from,
      to,
      cause: null,
      detail: "",
      lastedMillis: 60_000,
    } as const
    states.noted({ ...fact, delayMillis: null, atMillis: scene.nowMillis }, scene.nowMillis)
    await life.run(Effect.map(EventJournal, ({ publish }) => publish(fact)))
  }
  life.report = (now) =>
    reportOf(now, [
      cameraHealth(
        { ...stored, recordingEnabled: isEnabled },
        {
          state: states.get(1, now),
          lastArrivalMillis: Math.min(now, lastArrivalMillis),
          rate: null,
          cost: null,
          failures: { total: 0, byCause: {}, recoveries: 0, recoverySeconds: [] },
          lastWindows: { hour: null, day: null, month: null },
        },
        now,
        now,
      ),
    ])
  await life.seconds(20)
  isEnabled = false
  await become("recording", "stopped")
  await life.seconds(60)
  const startedMillis = scene.nowMillis
  isEnabled = true
  await become("stopped", "connecting")
  await life.seconds(90)
  const alert = [...scene.rows.values()].find(({ kind }) => kind === "recording_stopped")
  expect(alert?.sinceMillis).toBe(startedMillis)
  const raisedAfterMillis = (alert?.raisedAtMillis ?? 0) - startedMillis
  expect(raisedAfterMillis).toBeGreaterThanOrEqual(30_000)
  expect(raisedAfterMillis).toBeLessThanOrEqual(36_000)
})
