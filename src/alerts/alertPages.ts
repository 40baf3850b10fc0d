import type { Alert, AlertKind } from "../domain/Alert.ts"
import { type CreatedCursorPosition, encodeCreatedCursor } from "../storage/createdCursor.ts"

/** Which alerts are listed; of time, those that stood within [`fromMillis`, `toMillis`). */
export interface AlertsQuery {
  readonly state: "standing" | "ended" | "all"
  readonly cameraId?: number | undefined
  readonly kind?: AlertKind | undefined
  readonly fromMillis?: number | undefined
  readonly toMillis?: number | undefined
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined
  readonly limit: number
}

const positionOf = (alert: Alert): CreatedCursorPosition => ({
  createdAtMillis: alert.raisedAtMillis,
  id: alert.id,
})

const isBehind = (one: CreatedCursorPosition, other: CreatedCursorPosition): boolean =>
  one.createdAtMillis < other.createdAtMillis ||
  (one.createdAtMillis === other.createdAtMillis && one.id < other.id)

/** Of what stands: what a page and the ones after it show, the latest raised first. */
export const standingAfter = (
  standing: ReadonlyArray<Alert>,
  { cameraId, kind, toMillis }: AlertsQuery,
  after: CreatedCursorPosition | null,
): ReadonlyArray<Alert> =>
  standing
    .filter(
      (alert) =>
        (cameraId === undefined || alert.cameraId === cameraId) &&
        (kind === undefined || alert.kind === kind) &&
        (toMillis === undefined || alert.raisedAtMillis < toMillis) &&
        (after === null || isBehind(positionOf(alert), after)),
    )
    .toSorted((one, other) => (isBehind(positionOf(one), positionOf(other)) ? 1 : -1))

/** The first `limit` of these, and where the next page begins. */
export const pageOf = (alerts: ReadonlyArray<Alert>, limit: number) => {
  const page = alerts.slice(0, limit)
  const last = page.at(-1)
  return {
    alerts: page,
    nextCursor: alerts.length > limit && last !== undefined ? encodeCreatedCursor(positionOf(last)) : null,
  }
}
