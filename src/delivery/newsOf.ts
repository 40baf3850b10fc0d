import { momentaryKinds, type Notification } from "../domain/Alert.ts"

/** What of a notification is news to people: that an instant is over is none. Null where nothing is. */
export const newsOf = (notification: Notification): Notification | null => {
  if (!momentaryKinds.has(notification.kind)) return notification
  const alerts = notification.alerts.filter(({ endedAtMillis }) => endedAtMillis === null)
  return alerts.length === 0 ? null : { ...notification, alerts }
}
