/** The code of a failed system call (`ENOSPC`); null for whatever else was thrown, which is a fault of ours. */
export const systemErrorCode = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null

/** The same for a message or a comparison: `unknown error` where no system call failed. */
export const errorCode = (error: unknown): string => systemErrorCode(error) ?? "unknown error"
