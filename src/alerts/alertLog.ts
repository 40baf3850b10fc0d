import * as Effect from "effect/Effect"
import type { AlertChange } from "./AlertBook.ts"

const seconds = (millis: number): string => `${(millis / 1000).toFixed(0)} s`

/** One line when an alert was raised, one when it ended; none else. */
export const logChange = ({ type, alert }: AlertChange): Effect.Effect<void> => {
  const { kind, severity, detail, cameraId, raisedAtMillis, endedAtMillis } = alert
  if (type === "alert.acknowledged") return Effect.void
  const line =
    type === "alert.raised"
      ? Effect.logWithLevel(severity === "critical" ? "Error" : "Warn")(`alert raised: ${kind} (${detail})`)
      : Effect.logInfo(
          `alert ended: ${kind}, after ${seconds((endedAtMillis ?? raisedAtMillis) - raisedAtMillis)}`,
        )
  return cameraId === null ? line : Effect.annotateLogs(line, "camera_id", cameraId)
}
