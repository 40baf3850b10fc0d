import type { AlertKind } from "../domain/Alert.ts"

/**
 * What one report says of one alert.
 *
 * - `bad`: beyond the threshold that raises it; `good`: within the one that ends it
 * - `between`: neither: what is standing stands on, what is not is not raised
 * - `unknown`: not measured
 */
export type Level = "bad" | "good" | "between" | "unknown"

export interface Reading {
  readonly kind: AlertKind
  /** Null where it is about the service. */
  readonly cameraId: number | null
  readonly level: Level
  /** For people; free of secrets. */
  readonly detail: string
  /** When what it is about began; null: as of the first bad reading. */
  readonly sinceMillis: number | null
  /** How much of the time before the first bad reading counts as bad, too. */
  readonly creditMillis: number
  /** The id of the alert that it raises; null: a new one. */
  readonly alertId: string | null
}

/** Hysteresis: beyond `raise` is bad, below `end` is good. */
export const levelOf = (value: number | null, raise: number, end: number): Level => {
  if (value === null) return "unknown"
  if (value > raise) return "bad"
  return value < end ? "good" : "between"
}

export const badIf = (isBad: boolean): Level => (isBad ? "bad" : "good")

/** About the service, as of the first bad reading, unless `rest` says otherwise. */
export const reading = (
  kind: AlertKind,
  level: Level,
  detail: string,
  rest: Partial<Omit<Reading, "kind" | "level" | "detail">> = {},
): Reading => ({
  cameraId: null,
  sinceMillis: null,
  creditMillis: 0,
  alertId: null,
  kind,
  level,
  detail,
  ...rest,
})
