import type { DiskSpace } from "../storage/RecordingsDirectory.ts"
import { type DiskLimits, type Goal, isNothing, type Room, roomToFree } from "./diskLimits.ts"

/**
 * What evictions are to reach with `reach`, all that they can free, in bytes and in files: comfort, else the reserve.
 *
 * Null where neither can be reached, and where the reserve is there already and comfort cannot be reached.
 */
export const reachableGoal = (space: DiskSpace, limits: DiskLimits, reach: Room): Goal | null => {
  for (const goal of ["comfort", "reserve"] as const) {
    const needed = roomToFree(space, limits, goal)
    if (needed.bytes <= reach.bytes && needed.files <= reach.files) return isNothing(needed) ? null : goal
  }
  return null
}
