import { expect, it } from "vitest"
import { CameraStates } from "../../src/supervision/CameraStates.ts"

it("forgets what the machine said stands when the actor of the camera crashed: its successor never clears it", () => {
  const states = new CameraStates()
  const of = (cameraId: number) => ({ cameraId, atMillis: 0 })
  for (const cameraId of [1, 2]) {
    states.noted(
      { ...of(cameraId), type: "alert.raised", kind: "permanent_cause", cause: "auth_failed", detail: "401" },
      1000,
    )
  }
  states.noted(
    { ...of(1), type: "camera.crashed", error: new Error("a bug"), restartDelayMillis: 1, escalated: false },
    2000,
  )
  states.noted({ ...of(1), type: "camera.respawned" }, 3000)
  expect(states.get(1, 3000).alerts).toEqual([])
  expect(states.get(2, 3000).alerts).toMatchObject([{ kind: "permanent_cause", sinceMillis: 1000 }])
})
