/** What one measure found: its figures, what was wanted of them, and whether it was so. */
export interface Verdict {
  /** Dotted, the line of the issue first: `crash.tail`. */
  readonly name: string
  readonly figures: Readonly<Record<string, number | string>>
  readonly target: string
  readonly met: boolean
}

/** Rounds to what is worth reading. */
export const rounded = (value: number, digits: number = 3): number => Number(value.toFixed(digits))

/** The greatest of the values; NaN, which meets no limit, where there are none. */
export const greatest = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? Number.NaN : Math.max(...values)

/** The value in the middle; NaN where there are none. */
export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
