import * as Effect from "effect/Effect"
import type { EvictionObstacle } from "./evictions.ts"

/**
 * Why a disk that is too full stays so.
 *
 * - `failed`: the eviction failed, as where the database is away
 * - `not_shown`: recordings were evicted, and the disk does not show their room
 */
export type PressureObstacle = EvictionObstacle | "failed" | "not_shown"

const reasons: Readonly<Record<PressureObstacle, string>> = {
  nothing_evictable: "nothing more may be evicted",
  out_of_reach: "the disk would stay too full with all recordings gone that may go",
  undeletable: "the file system refuses to delete recordings",
  failed: "evictions fail",
  not_shown: "the disk does not show the room of recordings that were evicted",
}

/** In words; where an eviction was complete, and the disk has filled again since. */
export const reasonOf = (obstacle: PressureObstacle | null): string =>
  obstacle === null ? "evictions do not keep up" : reasons[obstacle]

/** What fails is said with its fault. */
export const logObstacle = (obstacle: PressureObstacle): Effect.Effect<void> => {
  if (obstacle === "failed") return Effect.void
  const sentence = `${reasons[obstacle]}: recording goes on until the reserve is reached`
  return obstacle === "nothing_evictable" ? Effect.logError(sentence) : Effect.logFatal(sentence)
}
