import type { Alert, Notification } from "../../src/domain/Alert.ts"

const atMillis = Date.parse("2026-01-14T15:00:00Z")

/** A UUID that is the same in every run. */
export const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`

/** An alert of a camera that goes on. */
export const alertOf = (cameraId: number | null, changes: Partial<Alert> = {}): Alert => ({
  id: uuid(1_000 + (cameraId ?? 0)),
  kind: "recording_stopped",
  severity: "critical",
  cameraId,
  detail: "no fragment for 60 s",
  sinceMillis: atMillis,
  raisedAtMillis: atMillis + 60_000,
  endedAtMillis: null,
  acknowledgedAtMillis: null,
  acknowledgedBy: null,
  note: null,
  ...changes,
})

export const endedAt = atMillis + 300_000

export const notificationOf = (
  number: number,
  alerts: ReadonlyArray<Alert> = [alertOf(1)],
): Notification => ({
  id: uuid(number),
  kind: alerts[0]?.kind ?? "recording_stopped",
  createdAtMillis: atMillis + 61_000,
  alerts,
})
