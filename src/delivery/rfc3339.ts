/** A time as RFC 3339 in UTC. */
export const rfc3339 = (millis: number): string => new Date(millis).toISOString()
