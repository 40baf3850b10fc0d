import type { Notification } from "../domain/Alert.ts"
import { alertFields } from "../domain/alertFields.ts"
import { instant } from "../domain/instant.ts"
import { newsOf } from "./newsOf.ts"
import { notificationText } from "./notificationText.ts"

/** A notification in Vigia's own words: `text` for people, `alerts` for programs. Times are RFC 3339 in UTC. */
export const plainBody = (notification: Notification) => {
  const news = newsOf(notification) ?? notification
  return {
    id: news.id,
    kind: news.kind,
    created_at: instant(news.createdAtMillis),
    text: notificationText(news),
    alerts: news.alerts.map(alertFields),
  }
}
