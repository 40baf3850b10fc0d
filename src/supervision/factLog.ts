import * as Effect from "effect/Effect"
import type { CameraFact } from "../../machines/cameraContract.ts"
import type { SupervisorFact } from "../../machines/supervisorContract.ts"

type Fact = CameraFact | SupervisorFact

interface Line {
  readonly level: "Info" | "Warn" | "Error"
  readonly text: string
}

/** A length of time for people, in its two largest units: `1.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
const inWords = (millis: number): string => {
  const seconds = Math.floor(millis / 1000)
  if (seconds < 60) return `${(Math.floor(millis / 100) / 10).toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** One line per fact that somebody debugging a camera wants to read; `outage.began` is told by the state change. */
const lineOf = (fact: Fact): Line | null => {
  switch (fact.type) {
    case "camera.state_changed": {
      const cause = fact.cause === null ? "" : ` (${fact.cause}: ${fact.detail})`
      const retry = fact.delayMillis === null ? "" : `, next try in ${(fact.delayMillis / 1000).toFixed(1)} s`
      const text = `${fact.from} -> ${fact.to} after ${inWords(fact.lastedMillis)}${cause}${retry}`
      return { level: fact.cause === null ? "Info" : "Warn", text }
    }
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
    // Told by `src/alerts`.
    case "alert.raised":
    case "alert.cleared":
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
