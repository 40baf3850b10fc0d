const initialMillis = 1_000
const maximumMillis = 300_000
/** A receiver may ask for more time than the cap, but not for a silence that nobody notices. */
const longestAskedMillis = 3_600_000

/**
 * The wait after a number of failures in a row: doubling from 1 s to 5 min, of which `random` (0 to 1) takes up to
 * a half, though never below 1 s. At least what the receiver asked for, up to an hour.
 */
export const retryDelayMillis = (failures: number, random: number, askedMillis: number | null): number => {
  const full = Math.min(initialMillis * 2 ** failures, maximumMillis)
  return Math.max(full * (1 - random / 2), Math.min(askedMillis ?? 0, longestAskedMillis))
}

const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** What a `Retry-After` header asks for (RFC 9110: seconds or a date), in milliseconds from now; null for none. */
export const retryAfterMillis = (header: string | null, nowMillis: number): number | null => {
  const text = (header ?? "").trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const atMillis = httpDate.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(atMillis) ? null : Math.max(0, atMillis - nowMillis)
}
