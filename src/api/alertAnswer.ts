import type { Alert } from "../domain/Alert.ts"
import { instant, optionalInstant } from "./answers.ts"

/** An alert as it is listed, and as events tell of it. */
export const alertAnswer = (alert: Alert) => ({
  id: alert.id,
  kind: alert.kind,
  severity: alert.severity,
  camera_id: alert.cameraId,
  detail: alert.detail,
  since: instant(alert.sinceMillis),
  raised_at: instant(alert.raisedAtMillis),
  ended_at: optionalInstant(alert.endedAtMillis),
  acknowledged_at: optionalInstant(alert.acknowledgedAtMillis),
  acknowledged_by: alert.acknowledgedBy,
  note: alert.note,
})
