import type { Alert, AlertKind, Notification } from "../domain/Alert.ts"

/** More cameras are counted, not listed. */
const mostListed = 20

const inWords = (kind: AlertKind): string => {
  const words = kind.replaceAll("_", " ")
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}

const subjectOf = ({ cameraId }: Alert): string => (cameraId === null ? "" : `, camera ${cameraId}`)

const sentenceOf = (alert: Alert): string =>
  alert.endedAtMillis === null
    ? `${inWords(alert.kind)} (${alert.severity})${subjectOf(alert)}: ${alert.detail}`
    : `${inWords(alert.kind)} is over${subjectOf(alert)}: ${alert.detail}`

const camerasOf = (alerts: ReadonlyArray<Alert>): string => {
  const ids = [...new Set(alerts.flatMap(({ cameraId }) => (cameraId === null ? [] : [cameraId])))].toSorted(
    (one, other) => one - other,
  )
  if (ids.length === 0) return ""
  const more = ids.length > mostListed ? ` and ${ids.length - mostListed} more` : ""
  return ` (${ids.length === 1 ? "camera" : "cameras"} ${ids.slice(0, mostListed).join(", ")}${more})`
}

const countOf = (alerts: ReadonlyArray<Alert>, word: string): ReadonlyArray<string> =>
  alerts.length === 0 ? [] : [`${alerts.length} ${word}${camerasOf(alerts)}`]

/** A notification in one line for people: the alert itself, or how many of which cameras. */
export const notificationText = ({ kind, alerts }: Notification): string => {
  const [first, ...others] = alerts
  if (first !== undefined && others.length === 0) return sentenceOf(first)
  const raised = alerts.filter(({ endedAtMillis }) => endedAtMillis === null)
  const ended = alerts.filter(({ endedAtMillis }) => endedAtMillis !== null)
  return `${inWords(kind)}: ${[...countOf(raised, "raised"), ...countOf(ended, "ended")].join(", ")}`
}
