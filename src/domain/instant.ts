/** A time as RFC 3339 in UTC, with milliseconds. */
export const instant = (millis: number): string => new Date(millis).toISOString()

/** The same; null for null. */
export const optionalInstant = (millis: number | null): string | null =>
  millis === null ? null : instant(millis)
