/** A value that was found `count` times. */
export interface Counted {
  readonly value: number
  readonly count: number
}

/** The smallest value that at least this share (0 to 1) of all do not exceed; null of none. */
export const percentile = (values: ReadonlyArray<Counted>, share: number): number | null => {
  const ascending = values.toSorted((a, b) => a.value - b.value)
  const total = ascending.reduce((sum, { count }) => sum + count, 0)
  let seen = 0
  for (const { value, count } of ascending) {
    seen += count
    if (seen >= share * total) return value
  }
  return ascending.at(-1)?.value ?? null
}
