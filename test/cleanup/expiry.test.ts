import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cutoffOf, daysKept, hasExpired } from "../../src/cleanup/expiry.ts"
import { batchRecordings } from "../../src/cleanup/Deletion.ts"
import { expiredGroups } from "../../src/cleanup/expiredGroups.ts"
import { type Plan, retentionDays } from "../../src/domain/Plan.ts"

const day = 86_400_000
const plans: ReadonlyArray<Plan> = ["basic", "pro", "premium"]
const terms = (plan: Plan, days: number | null) => ({ cameraId: 1, ownerId: 1, plan, retentionDays: days })

/** New York: 2026-03-08 has 23 hours, 2026-11-01 has 25. */
const nows = ["2026-01-20T03:00:00Z", "2026-03-09T07:00:00Z", "2026-11-02T08:00:00Z"].map((text) =>
  Date.parse(text),
)

describe("a recording", () => {
  it.each(plans.flatMap((plan) => nows.map((now) => [plan, now] as const)))(
    "under plan %s at %d expires when its end is days of 24 hours past, and not at the boundary",
    (plan, now) => {
      const lived = [{ fromMillis: 0, toMillis: now }]
      const cutoff = cutoffOf(terms(plan, null), retentionDays, lived)
      const boundary = now - retentionDays[plan] * day
      expect(hasExpired(boundary, cutoff)).toBe(false)
      expect(hasExpired(boundary + 1000, cutoff)).toBe(false)
      expect(hasExpired(boundary - 1, cutoff)).toBe(true)
    },
  )

  it("is kept for the shorter time of plan and camera", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...plans),
        fc.option(fc.integer({ min: 1, max: 3650 })),
        fc.record({ basic: fc.nat(400), pro: fc.nat(400), premium: fc.nat(400) }),
        (plan, days, planDays) => {
          const kept = daysKept(terms(plan, days), planDays)
          expect(kept).toBeLessThanOrEqual(planDays[plan])
          expect(kept).toBe(days === null || days > planDays[plan] ? planDays[plan] : days)
        },
      ),
    )
  })
})

describe("groups of cameras", () => {
  it("hold each camera with anything expired once, and no more than fits but for a single camera", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2500 }), { maxLength: 30 }), (counts) => {
        const sums = counts.map((files, cameraId) => ({
          cameraId,
          files,
          bytes: files,
          oldestMillis: 0,
          newestMillis: 0,
        }))
        const cutoffs = [...sums, { cameraId: 99 }].map(({ cameraId }) => ({ cameraId, beforeMillis: 1 }))
        const groups = expiredGroups(cutoffs, sums)
        expect(groups.flat().map(({ cameraId }) => cameraId)).toEqual(counts.map((_, cameraId) => cameraId))
        for (const group of groups) {
          const files = group.reduce((total, { cameraId }) => total + (counts[cameraId] ?? 0), 0)
          expect(files <= batchRecordings || group.length === 1).toBe(true)
        }
      }),
    )
  })
})
