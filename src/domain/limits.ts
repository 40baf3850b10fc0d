import { wholeNumberOrNull } from "./wholeNumber.ts"

/** Bytes that recordings may take; null without a limit. */
export const QuotaBytes = wholeNumberOrNull(
  `expected whole bytes from 1 to ${Number.MAX_SAFE_INTEGER}`,
  1,
  Number.MAX_SAFE_INTEGER,
)

/** Whole days for which recordings are kept, where that is shorter than the plan's; null for the plan's. */
export const RetentionDays = wholeNumberOrNull("expected whole days from 1 to 3650", 1, 3650)
