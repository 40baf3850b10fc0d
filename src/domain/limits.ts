import * as Schema from "effect/Schema"

/** Bytes that recordings may take; null without a limit. */
export const QuotaBytes = Schema.NullOr(
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
)

/** Whole days for which recordings are kept, where that is shorter than the plan's; null for the plan's. */
export const RetentionDays = Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3650 })))
