import { reserveOf, usedPercent, type DiskLimits } from "../cleanup/diskLimits.ts"
import type { DiskReading } from "../cleanup/DiskPressure.ts"
import { reasonOf } from "../cleanup/pressureObstacle.ts"
import type { ServiceHealth } from "../domain/Health.ts"
import type { DurabilityHealth } from "../storage/durability/Durability.ts"
import { percentile } from "./percentile.ts"
import type { ProcessCost } from "./ProcessCosts.ts"

/** Null where one is: a sum of what happens to be known would be too small. */
const sumOf = (figures: ReadonlyArray<number | null>): number | null =>
  figures.reduce((sum, figure) => (sum === null || figure === null ? null : sum + figure), 0)

const writeLatencySeconds = ({ growing, rows }: DurabilityHealth): number | null => {
  const millis = percentile(
    [...growing.recentMillis, ...rows.recentMillis].map((value) => ({ value, count: 1 })),
    0.99,
  )
  return millis === null ? null : millis / 1000
}

/**
 * The disk: how full it is, and what the processes of these costs give to it and take from it.
 *
 * A process that has just begun has no cost yet (null): it counts from its second sample on.
 */
export const diskHealth = (
  { space, error, state, obstacle, isRecordingStopped }: DiskReading,
  limits: DiskLimits,
  durability: DurabilityHealth,
  costs: ReadonlyArray<ProcessCost | null>,
): ServiceHealth["disk"] => {
  const known = costs.filter((cost) => cost !== null)
  return {
    totalBytes: space?.totalBytes ?? null,
    freeBytes: space?.freeBytes ?? null,
    usedPercent: space === null ? null : usedPercent(space),
    reserveBytes: space === null ? limits.reserveBytes : reserveOf(limits, space.totalBytes),
    state,
    error,
    obstacle: obstacle === null ? null : reasonOf(obstacle),
    isRecordingStopped,
    writtenBytesPerSecond: known.length === 0 ? null : sumOf(known.map((cost) => cost.writtenBytesPerSecond)),
    readBytesPerSecond: known.length === 0 ? null : sumOf(known.map((cost) => cost.readBytesPerSecond)),
    writeLatencySeconds: writeLatencySeconds(durability),
  }
}
