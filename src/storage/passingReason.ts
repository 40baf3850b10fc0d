import { isSqlError } from "effect/sql/SqlError"
import { DatabaseUnavailable, passingSqlState } from "./DatabaseUnavailable.ts"

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

/**
 * Why the database cannot be used yet, where waiting may cure it: a code of the system (`ECONNREFUSED`) or of
 * PostgreSQL (`57P03`), never the driver's text. Null for every other fault, such as a wrong password.
 */
export const passingReason = (error: unknown): string | null => {
  if (error instanceof DatabaseUnavailable) return error.reason
  if (!isSqlError(error)) return null
  const { reason } = error
  const code = codeOf(reason.cause)
  if (passingSqlState.test(code) || /^E[A-Z]+$/.test(code)) return code
  if (reason._tag !== "ConnectionError") return reason.isRetryable ? reason._tag : null
  const text = reason.cause instanceof Error ? reason.cause.message : ""
  return /^Connection (timed out|closed)/.test(text) ? text.toLowerCase() : null
}
