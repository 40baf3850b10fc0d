import type { Cause } from "../src/domain/Cause.ts"
import type { CameraContext } from "./cameraContext.ts"
import type { AlertKind, CameraFact, StandingAlert } from "./cameraContract.ts"

/** Standing alerts after a step, and what changed for the outside. */
export interface AlertStep {
  readonly alerts: ReadonlyArray<StandingAlert>
  readonly change: { readonly type: "alert.raised" | "alert.cleared"; readonly alert: StandingAlert } | null
}

export function unchanged(alerts: ReadonlyArray<StandingAlert>): AlertStep {
  return { alerts, change: null }
}

/** Raises an alert unless it stands already; another cause raises it again in place of the old. */
export function withAlert(
  alerts: ReadonlyArray<StandingAlert>,
  kind: AlertKind,
  cause: Cause | null,
): AlertStep {
  if (alerts.some((standing) => standing.kind === kind && standing.cause === cause)) return unchanged(alerts)
  const alert = { kind, cause }
  const others = alerts.filter((standing) => standing.kind !== kind)
  return { alerts: [...others, alert], change: { type: "alert.raised", alert } }
}

/** Clears an alert if it stands. */
export function withoutAlert(alerts: ReadonlyArray<StandingAlert>, kind: AlertKind): AlertStep {
  const alert = alerts.find((standing) => standing.kind === kind)
  if (alert === undefined) return unchanged(alerts)
  return { alerts: alerts.filter((standing) => standing !== alert), change: { type: "alert.cleared", alert } }
}

export function alertFacts(
  { cameraId, nowMillis }: CameraContext,
  { change }: AlertStep,
  detail: string,
): ReadonlyArray<CameraFact> {
  if (change === null) return []
  return [{ type: change.type, cameraId, ...change.alert, detail, atMillis: nowMillis() }]
}
