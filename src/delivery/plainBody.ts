import type { Alert, Notification } from "../domain/Alert.ts"
import { notificationText } from "./notificationText.ts"
import { rfc3339 } from "./rfc3339.ts"

const timeOrNull = (millis: number | null): string | null => (millis === null ? null : rfc3339(millis))

const plainAlert = (alert: Alert) => ({
  id: alert.id,
  kind: alert.kind,
  severity: alert.severity,
  camera_id: alert.cameraId,
  detail: alert.detail,
  since: rfc3339(alert.sinceMillis),
  raised_at: rfc3339(alert.raisedAtMillis),
  ended_at: timeOrNull(alert.endedAtMillis),
  acknowledged_at: timeOrNull(alert.acknowledgedAtMillis),
  acknowledged_by: alert.acknowledgedBy,
  note: alert.note,
})

/** A notification in Vigia's own words: `text` for people, `alerts` for programs. Times are RFC 3339 in UTC. */
export const plainBody = (notification: Notification) => ({
  id: notification.id,
  kind: notification.kind,
  created_at: rfc3339(notification.createdAtMillis),
  text: notificationText(notification),
  alerts: notification.alerts.map(plainAlert),
})
