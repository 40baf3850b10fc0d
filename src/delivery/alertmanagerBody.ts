import { createHash } from "node:crypto"
import { type Alert, type AlertKind, momentaryKinds, type Notification } from "../domain/Alert.ts"
import { instant } from "../domain/instant.ts"
import { notificationText } from "./notificationText.ts"

type Labels = Readonly<Record<string, string>>

/** What Alertmanager sends as the end of an alert that goes on: the zero time of Go. */
const noEnd = "0001-01-01T00:00:00Z"

const alertName = (kind: AlertKind): string =>
  `Vigia${kind
    .split("_")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("")}`

/** What names an alert: a start and its end have the same labels, and so the same fingerprint. */
const labelsOf = ({ id, kind, severity, cameraId }: Alert): Labels => ({
  alertname: alertName(kind),
  ...(cameraId === null ? {} : { camera_id: String(cameraId) }),
  // Each happening is one of its own: a camera loses more than one clip.
  ...(momentaryKinds.has(kind) ? { clip_id: id } : {}),
  severity,
})

/** 16 hexadecimal digits that stand for a set of labels. */
const fingerprintOf = (labels: Labels): string => {
  const pairs = Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return createHash("sha256").update(JSON.stringify(pairs)).digest("hex").slice(0, 16)
}

const commonOf = (sets: ReadonlyArray<Labels>): Labels => {
  const [first = {}, ...others] = sets
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((other) => other[name] === value)),
  )
}

const statusOf = ({ endedAtMillis }: Alert) => (endedAtMillis === null ? "firing" : "resolved")

/** As Alertmanager writes it: label names in order. */
const groupKeyOf = (labels: Labels): string =>
  `{}:{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(", ")}}`

/**
 * A notification as Alertmanager's webhook sends it (version "4"), for receivers that understand that.
 *
 * The group is the kind of alert, and it is firing as long as any alert of the kind stands that somebody was told of:
 * a receiver closes the incident of a group when it is resolved, whatever that notification lists.
 */
export const alertmanagerBody = (notification: Notification, receiver: string) => {
  const alerts = notification.alerts.map((alert) => {
    const labels = labelsOf(alert)
    return {
      status: statusOf(alert),
      labels,
      annotations: { summary: notificationText({ ...notification, alerts: [alert] }), alert_id: alert.id },
      startsAt: instant(alert.sinceMillis),
      endsAt: alert.endedAtMillis === null ? noEnd : instant(alert.endedAtMillis),
      generatorURL: "",
      fingerprint: fingerprintOf(labels),
    }
  })
  const isFiring = notification.isStanding === true || alerts.some(({ status }) => status === "firing")
  const groupLabels = { alertname: alertName(notification.kind) }
  return {
    version: "4",
    receiver,
    status: isFiring ? "firing" : "resolved",
    groupKey: groupKeyOf(groupLabels),
    groupLabels,
    commonLabels: commonOf(alerts.map(({ labels }) => labels)),
    commonAnnotations: commonOf(alerts.map(({ annotations }) => annotations)),
    externalURL: "",
    truncatedAlerts: 0,
    alerts,
  }
}
