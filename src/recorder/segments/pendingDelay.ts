/** Residuals that fall by more than this are a backlog on its way out, not a new level. */
const settledSpreadMillis = 250

/**
 * Decides whether delays beyond the usual have come to stay.
 *
 * Takes the delay of each fragment since it first diverged; answers how much of each is real, or
 * `null` while it may still be a passing delay: fewer than `minFragments`, or still falling. Real is
 * what every later fragment has too, for a fragment may be late by its way but never early.
 */
export const acceptedDelays = (
  delaysMillis: ReadonlyArray<number>,
  minFragments: number,
): ReadonlyArray<number> | null => {
  const latest = delaysMillis.slice(-minFragments)
  const last = latest.at(-1)
  if (latest.length < minFragments || last === undefined) return null
  if (last < Math.max(...latest) - settledSpreadMillis) return null
  let floorMillis = Number.POSITIVE_INFINITY
  const floors = delaysMillis.toReversed().map((delay) => {
    floorMillis = Math.min(floorMillis, delay)
    return floorMillis
  })
  return floors.toReversed()
}
