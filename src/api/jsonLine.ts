import { redact } from "../logging/redact.ts"

/** Facts as JSON of one line; no text in it leaves without having passed `redact`. */
export const jsonLine = (facts: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(facts, (_, value: unknown) => (typeof value === "string" ? redact(value) : value))
