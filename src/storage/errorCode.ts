/** The name of a system error (`ENOSPC`), for any value that was thrown. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown error"
