import * as Effect from "effect/Effect"
import type { CameraFact } from "../../machines/cameraContract.ts"
import type { SupervisorFact } from "../../machines/supervisorContract.ts"

type Fact = CameraFact | SupervisorFact

interface Line {
  readonly level: "Info" | "Warn" | "Error"
  readonly text: string
}

/** One line per fact that somebody debugging a camera wants to read; `outage.began` is told by the state change. */
const lineOf = (fact: Fact): Line | null => {
  switch (fact.type) {
    case "camera.state_changed": {
      const cause = fact.cause === null ? "" : ` (${fact.cause}: ${fact.detail})`
      const retry = fact.delayMillis === null ? "" : `, next try in ${(fact.delayMillis / 1000).toFixed(1)} s`
      const text = `${fact.from} -> ${fact.to}${cause}${retry}`
      return { level: fact.cause === null ? "Info" : "Warn", text }
    }
    case "alert.raised":
      return { level: "Error", text: `alert raised: ${fact.kind} (${fact.detail})` }
    case "alert.cleared":
      return { level: "Info", text: `alert cleared: ${fact.kind}` }
    case "camera.crashed":
      return { level: "Error", text: `camera actor crashed: ${String(fact.error)}` }
    case "recorder.failed":
    case "audio_probe.failed":
      return { level: "Error", text: `${fact.type}: ${String(fact.error)}` }
    case "camera.respawned":
      return { level: "Info", text: "camera actor replaced" }
    case "shutdown.completed":
      return fact.unreleased.length === 0
        ? { level: "Info", text: "all cameras released" }
        : { level: "Error", text: `not released in time: cameras ${fact.unreleased.join(", ")}` }
    case "outage.began":
    case "camera.forgotten":
      return null
  }
}

/** Logs a fact of the machines with the camera it is about. */
export const logFact = (fact: Fact): Effect.Effect<void> => {
  const line = lineOf(fact)
  if (line === null) return Effect.void
  const logged = Effect.logWithLevel(line.level)(line.text)
  return "cameraId" in fact ? Effect.annotateLogs(logged, "camera_id", fact.cameraId) : logged
}
