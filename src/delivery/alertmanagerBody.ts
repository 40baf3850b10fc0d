import { createHash } from "node:crypto"
import type { Alert, AlertKind, Notification } from "../domain/Alert.ts"
import { notificationText } from "./notificationText.ts"
import { rfc3339 } from "./rfc3339.ts"

type Labels = Readonly<Record<string, string>>

/** What Alertmanager sends as the end of an alert that goes on: the zero time of Go. */
const noEnd = "0001-01-01T00:00:00Z"

const alertName = (kind: AlertKind): string =>
  `Vigia${kind
    .split("_")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("")}`

/** What names an alert: a start and its end have the same labels, and so the same fingerprint. */
const labelsOf = ({ kind, severity, cameraId }: Alert): Labels => ({
  alertname: alertName(kind),
  ...(cameraId === null ? {} : { camera_id: String(cameraId) }),
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
 * The group is the kind of alert, and the camera where all are of one: a camera that is well again must not close the
 * group of others that are not.
 */
export const alertmanagerBody = (notification: Notification, receiver: string) => {
  const alerts = notification.alerts.map((alert) => {
    const labels = labelsOf(alert)
    return {
      status: statusOf(alert),
      labels,
      annotations: { summary: notificationText({ ...notification, alerts: [alert] }), alert_id: alert.id },
      startsAt: rfc3339(alert.sinceMillis),
      endsAt: alert.endedAtMillis === null ? noEnd : rfc3339(alert.endedAtMillis),
      generatorURL: "",
      fingerprint: fingerprintOf(labels),
    }
  })
  const commonLabels = commonOf(alerts.map(({ labels }) => labels))
  const cameraId = commonLabels["camera_id"]
  const groupLabels = {
    alertname: alertName(notification.kind),
    ...(cameraId === undefined ? {} : { camera_id: cameraId }),
  }
  return {
    version: "4",
    receiver,
    status: alerts.some(({ status }) => status === "firing") ? "firing" : "resolved",
    groupKey: groupKeyOf(groupLabels),
    groupLabels,
    commonLabels,
    commonAnnotations: commonOf(alerts.map(({ annotations }) => annotations)),
    externalURL: "",
    truncatedAlerts: 0,
    alerts,
  }
}
