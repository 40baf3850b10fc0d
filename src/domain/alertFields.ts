import type { Alert } from "./Alert.ts"
import { instant, optionalInstant } from "./instant.ts"

/** An alert as JSON: in answers, events, notifications and, but for the name of one column, in the database. */
export const alertFields = (alert: Alert) => ({
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
