import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { describe, expect, it } from "vitest"
import type { CameraFact } from "../../machines/cameraContract.ts"
import { logFact } from "../../src/supervision/factLog.ts"

const second = 1000
const minute = 60 * second
const hour = 60 * minute

const changed = (lastedMillis: number, cause: "stalled" | null = null): CameraFact => ({
  type: "camera.state_changed",
  cameraId: 7,
  from: "recording",
  to: cause === null ? "stopped" : "backoff",
  cause,
  detail: cause === null ? "" : "no fragment for 10 s",
  delayMillis: cause === null ? null : 1500,
  lastedMillis,
  atMillis: 0,
})

const logged = (...facts: ReadonlyArray<CameraFact>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message, fiber }) => {
    const { camera_id } = fiber.getRef(References.CurrentLogAnnotations)
    lines.push(`${logLevel} ${String(camera_id)} ${String(message)}`)
  })
  Effect.runSync(Effect.forEach(facts, logFact).pipe(Effect.provide(Logger.layer([logger]))))
  return lines
}

describe("the log of a camera", () => {
  it("has one line for each change of state, with its cause and how long the state lasted that ended", () => {
    const began: CameraFact = {
      type: "outage.began",
      isFailure: true,
      cameraId: 7,
      cause: "stalled",
      detail: "no fragment for 10 s",
      atMillis: 0,
    }
    expect(logged(began, changed(2 * hour + 5 * minute + 3 * second, "stalled"))).toEqual([
      "Warn 7 recording -> backoff after 2 h 5 min (stalled: no fragment for 10 s), next try in 1.5 s",
    ])
  })

  it.each([
    [0, "0.0 s"],
    [1_250, "1.2 s"],
    [59_999, "59.9 s"],
    [60_000, "1 min 0 s"],
    [hour - 1, "59 min 59 s"],
    [24 * hour - 1, "23 h 59 min"],
    [76 * hour, "3 d 4 h"],
  ])("says %i ms as %s", (millis, words) => {
    expect(logged(changed(millis))).toEqual([`Info 7 recording -> stopped after ${words}`])
  })
})
