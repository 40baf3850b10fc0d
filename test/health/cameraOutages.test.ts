import { describe, expect, it } from "vitest"
import type { CameraFact } from "../../machines/cameraContract.ts"
import type { Cause } from "../../src/domain/Cause.ts"
import { CameraOutages } from "../../src/health/CameraOutages.ts"

type State = Extract<CameraFact, { type: "camera.state_changed" }>["to"]

const changed = (from: State, to: State, atMillis: number): CameraFact => ({
  type: "camera.state_changed",
  cameraId: 1,
  from,
  to,
  cause: null,
  detail: "",
  delayMillis: null,
  lastedMillis: 0,
  atMillis,
})
const failed = (cause: Cause, atMillis: number): CameraFact => ({
  type: "outage.began",
  cameraId: 1,
  cause,
  detail: "",
  atMillis,
})

describe("CameraOutages", () => {
  it("measures from the end of the process to the first fragment, over all tries in between", () => {
    const outages = new CameraOutages()
    outages.noted(changed("connecting", "recording", 1000), 1000)
    outages.noted(changed("recording", "backoff", 5000), 4700)
    outages.noted(failed("process_crashed", 5000), 4700)
    outages.noted(changed("backoff", "connecting", 5100), 4700)
    outages.noted(failed("camera_unreachable", 6000), 4700)
    outages.noted(changed("connecting", "recording", 8300), 8250)
    expect(outages.of(1)).toEqual({
      restarts: 2,
      byCause: { process_crashed: 1, camera_unreachable: 1 },
      recoverySeconds: [3.25],
    })
  })

  it("measures a stall from the last fragment before it, whatever its end still brought", () => {
    const outages = new CameraOutages()
    outages.noted(changed("connecting", "recording", 1000), 1000)
    outages.noted(changed("recording", "backoff", 15_000), 5000)
    outages.noted(failed("stalled", 15_100), 15_050)
    outages.noted(changed("connecting", "recording", 17_000), 16_000)
    expect(outages.of(1).recoverySeconds).toEqual([11])
  })

  it("has not recovered what was stopped while it was out, and keeps the last ten", () => {
    const outages = new CameraOutages()
    outages.noted(failed("stalled", 0), null)
    outages.noted(changed("backoff", "stopped", 100), null)
    outages.noted(changed("connecting", "recording", 1000), 1000)
    expect(outages.of(1)).toMatchObject({ restarts: 1, recoverySeconds: [] })
    for (let at = 1; at <= 12; at++) {
      outages.noted(failed("process_crashed", 10_000), 9000)
      outages.noted(changed("connecting", "recording", 10_000 + at * 1000), 10_000 + at * 1000)
    }
    expect(outages.of(1).recoverySeconds).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })
})
